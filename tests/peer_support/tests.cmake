mestring_test(peer_support_rules_test unit peer_support/peer_support_rules_test.cc LINK peer_support_rules)

# A small Sandnes of peers, started for real.
add_library(peer_support_town STATIC peer_support/town.cc)
target_link_libraries(peer_support_town PUBLIC test_support peer_support)
target_precompile_headers(peer_support_town REUSE_FROM kernel)
mestring_test(peer_support_service_test service peer_support/peer_support_service_test.cc LINK peer_support_town)
mestring_test(peer_support_bugs_test service peer_support/peer_support_bugs_test.cc LINK peer_support_town)
mestring_test(peer_support_events_test service peer_support/peer_support_events_test.cc LINK peer_support_town)
mestring_test(peer_support_evaluation_test service peer_support/peer_support_evaluation_test.cc LINK peer_support_town)
mestring_test(peer_support_subscription_test service peer_support/peer_support_subscription_test.cc
              LINK peer_support_town)
mestring_test(peer_support_contract_test service peer_support/peer_support_contract_test.cc LINK peer_support_town)
mestring_test(peer_support_timers_test service peer_support/peer_support_timers_test.cc LINK peer_support_town)
mestring_test(peer_support_race_test service peer_support/peer_support_race_test.cc LINK peer_support_town
              PROGRAMS peer_support-with-faults)

# With activities, both running.
mestring_test(leaders_and_peers_test service peer_support/leaders_and_peers_test.cc
              LINK peer_support_town activities_town)
