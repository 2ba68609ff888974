mestring_town(housing)
mestring_test(housing_rules_test unit housing/housing_rules_test.cc LINK housing_rules)
mestring_test(housing_service_test service housing/housing_service_test.cc LINK housing_town)
mestring_test(housing_contract_test service housing/housing_contract_test.cc LINK housing_town)
mestring_test(housing_versions_test service housing/housing_versions_test.cc LINK housing_town)
mestring_test(housing_held_places_test service housing/housing_held_places_test.cc housing/places_model.cc
              housing/places_story.cc
              LINK housing_town)
mestring_test(housing_timers_test service housing/housing_timers_test.cc LINK housing_town)
mestring_test(housing_race_test service housing/housing_race_test.cc LINK housing_town PROGRAMS housing-with-faults)
mestring_test(housing_crash_test fault housing/housing_crash_test.cc LINK housing_town PROGRAMS housing-with-faults)
