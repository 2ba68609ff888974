# Built only when asked for, by tests/benchmark/run: no test, and no part of "all".
add_executable(benchmarks EXCLUDE_FROM_ALL
  benchmark/activities.cc benchmark/benchmark.cc benchmark/council.cc benchmark/delivery.cc benchmark/empty.cc
  benchmark/growth.cc benchmark/housing.cc benchmark/load.cc benchmark/main.cc benchmark/memory.cc benchmark/peer.cc
  benchmark/peer_support.cc benchmark/relay.cc benchmark/rpcs.cc benchmark/server_process.cc benchmark/watchers.cc)
set_source_files_properties(benchmark/server_process.cc PROPERTIES
  COMPILE_DEFINITIONS MESTRING_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
target_link_libraries(benchmarks PRIVATE test_support activities council_town housing peer_support)
target_precompile_headers(benchmarks REUSE_FROM kernel)
