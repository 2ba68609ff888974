# The client: its command line, tokens and stories as units; calls over reflection against a server of the test.
mestring_test(ctl_command_line_test unit ctl/command_line_test.cc LINK ctl)
mestring_test(ctl_token_test unit ctl/token_test.cc LINK ctl)
mestring_test(ctl_story_test unit ctl/story_test.cc LINK ctl)
mestring_test(ctl_play_test unit ctl/play_test.cc LINK ctl)
mestring_test(ctl_call_test service ctl/call_test.cc LINK ctl)
# As the programs that run in life.
foreach(name ctl_program_test ctl_program_events_test)
  string(REPLACE ctl_ "" source ${name})
  mestring_test(${name} service ctl/${source}.cc ctl/program.cc PROGRAMS mestringctl mestring-housing)
  if(TARGET ${name})
    target_compile_definitions(${name} PRIVATE MESTRINGCTL="$<TARGET_FILE:mestringctl>"
                               HOUSING="$<TARGET_FILE:mestring-housing>")
  endif()
endforeach()
