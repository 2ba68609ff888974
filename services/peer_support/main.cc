// The peer support service as a process: wiring only.
#include "common/process/run_service.h"
#include "services/peer_support/peer_support.h"

int main(int argc, char** argv) { return mestring::RunService(argc, argv, mestring::PeerSupportDefinition()); }
