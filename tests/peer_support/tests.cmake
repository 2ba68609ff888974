mestring_town(peer_support)
mestring_test(peer_support_rules_test unit peer_support/peer_support_rules_test.cc LINK peer_support_rules)
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
