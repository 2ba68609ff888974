# All contracts, of all services.
mestring_test(api_golden_test unit protos/api_golden_test.cc)
mestring_test(lists_test unit protos/lists_test.cc)
mestring_test(asyncapi_test unit protos/asyncapi_test.cc)
mestring_test(versions_test unit protos/versions_test.cc)
if(NOT MESTRING_UNIT_ONLY)
  add_test(NAME asyncapi_yaml COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/protos/asyncapi_yaml.py)
  set_tests_properties(asyncapi_yaml PROPERTIES LABELS service TIMEOUT 60)
endif()
