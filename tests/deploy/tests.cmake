if(NOT MESTRING_UNIT_ONLY)
  add_test(NAME deploy_test COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/deploy/deploy_test ${CMAKE_BINARY_DIR}/services)
  set_tests_properties(deploy_test PROPERTIES LABELS service TIMEOUT 120)
endif()
