// The test service as a program: for tests of a process, and as the other end of benchmarks.
#include "common/process/run_service.h"
#include "tests/support/test_service.h"

int main(int argc, char** argv) { return mestring::RunService(argc, argv, mestring::TestServiceDefinition()); }
