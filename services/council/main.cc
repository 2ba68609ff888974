// The council service as a process: wiring only.
#include "common/process/run_service.h"
#include "services/council/council.h"

int main(int argc, char** argv) { return mestring::RunService(argc, argv, mestring::CouncilDefinition()); }
