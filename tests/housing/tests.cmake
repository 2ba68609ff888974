mestring_test(housing_rules_test unit housing/housing_rules_test.cc LINK housing)
