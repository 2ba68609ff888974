# One suite for both engines. In a build of unit tests only (the sanitizers) it runs on SQLite alone.
add_custom_command(OUTPUT ${GENERATED}/sample.pb.cc ${GENERATED}/sample.pb.h
  COMMAND protobuf::protoc -I${CMAKE_CURRENT_LIST_DIR} -I${CMAKE_SOURCE_DIR}/protos --cpp_out=${GENERATED}
          ${CMAKE_CURRENT_LIST_DIR}/sample.proto
  DEPENDS ${CMAKE_CURRENT_LIST_DIR}/sample.proto VERBATIM)
add_library(sample STATIC ${GENERATED}/sample.pb.cc)
target_link_libraries(sample PUBLIC contracts)
set(both_engines service)
if(MESTRING_UNIT_ONLY)
  set(both_engines unit)
  target_compile_definitions(test_support PUBLIC MESTRING_UNIT_ONLY)
endif()
mestring_test(database_test ${both_engines} conformance/database_test.cc LINK sample)
mestring_test(jobs_test ${both_engines} conformance/jobs_test.cc LINK sample)
mestring_test(outbox_test ${both_engines} common/outbox_test.cc LINK sample)
mestring_test(rows_test ${both_engines} common/rows_test.cc LINK sample)
mestring_test(timers_test ${both_engines} common/timers_test.cc LINK sample)
mestring_test(sqlite_test unit conformance/sqlite_test.cc LINK sample)
mestring_test(postgresql_test service conformance/postgresql_test.cc LINK sample)
mestring_test(deferred_test service conformance/deferred_test.cc LINK sample)
