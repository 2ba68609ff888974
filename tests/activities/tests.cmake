mestring_test(activities_rules_test unit activities/activities_rules_test.cc LINK activities_rules)

# A small town with activities, started for real.
add_library(activities_town STATIC activities/town.cc)
target_link_libraries(activities_town PUBLIC test_support activities)
target_precompile_headers(activities_town REUSE_FROM kernel)
foreach(name approvals timers contract drop_in follow_up service waiting_list)
  mestring_test(activities_${name}_test service activities/activities_${name}_test.cc LINK activities_town)
endforeach()
mestring_test(activities_race_test service activities/activities_race_test.cc LINK activities_town
              PROGRAMS activities-with-faults)
