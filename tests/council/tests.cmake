mestring_town(council)
mestring_test(council_rules_test unit council/council_rules_test.cc LINK council_rules)
foreach(name service contract timers anonymity events)
  mestring_test(council_${name}_test service council/council_${name}_test.cc LINK council_town)
endforeach()
mestring_test(council_race_test service council/council_race_test.cc LINK council_town PROGRAMS council-with-faults)
# The council and each service that can own an action, on a real Redis.
mestring_test(council_loop_test service council/council_loop_test.cc LINK council_town activities housing
              peer_support)
# What the council hears of housing, on a real Redis.
mestring_test(council_figures_test service council/council_figures_test.cc LINK council_town housing)
# What it hears of activities and peer support, all three running.
mestring_test(council_papers_test service council/council_papers_test.cc LINK council_town activities_town
              peer_support_town)
