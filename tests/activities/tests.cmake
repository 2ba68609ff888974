mestring_town(activities)
mestring_test(activities_rules_test unit activities/activities_rules_test.cc LINK activities_rules)
foreach(name approvals timers contract drop_in follow_up service waiting_list)
  mestring_test(activities_${name}_test service activities/activities_${name}_test.cc LINK activities_town)
endforeach()
mestring_test(activities_race_test service activities/activities_race_test.cc LINK activities_town
              PROGRAMS activities-with-faults)
