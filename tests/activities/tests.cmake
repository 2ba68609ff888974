mestring_test(activities_rules_test unit activities/activities_rules_test.cc LINK activities_rules)

# A small activity centre, started for real.
add_library(activities_centre STATIC activities/centre.cc)
target_link_libraries(activities_centre PUBLIC test_support activities)
target_precompile_headers(activities_centre REUSE_FROM kernel)
foreach(name approvals clocks contract drop_in follow_up service waiting_list)
  mestring_test(activities_${name}_test service activities/activities_${name}_test.cc LINK activities_centre)
endforeach()
mestring_test(activities_race_test service activities/activities_race_test.cc LINK activities_centre
              PROGRAMS mestring-activities)
