// The council service as a process: wiring only.
#include "common/server.h"
#include "services/council/council.h"

int main(int argc, char** argv) { return mestring::RunService(argc, argv, mestring::CouncilDefinition()); }
