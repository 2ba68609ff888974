// What holds for every RPC of a service because its contract says so: who may call, and what a wrong
// request is answered. Derived from the contract, so that a new RPC is covered at once. Each function is
// the body of a test.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/town.h"

namespace mestring {

// Every RPC of "mestring.housing.v1.HousingService", and of the kernel's own services. A refusal has its reason.
void ExpectRolesHold(TownOfAnyService& town, std::string_view service);
// Every list refuses the page token of another list, and its own where the request has changed; not where only the
// size of the page has.
void ExpectPageTokensBelongToTheirList(TownOfAnyService& town, std::string_view service);
// Every wrong field is named; nothing changes, and nothing of what was sent leaks. `tried_min`: so many
// wrong requests there are at least.
void ExpectWrongFieldsAreNamed(TownOfAnyService& town, std::string_view service, int tried_min);
// A request about things that do not exist gets an error of the contract, never INTERNAL.
void ExpectNoInternalErrors(TownOfAnyService& town, std::string_view service);
// A subscriber whose cursor was pruned takes a snapshot by the RPCs that read: the resource that an event is about is
// among what they show a service. `events_min`: so many events are about one at least.
void ExpectServicesCanReadWhatTheyAreToldOf(std::string_view service, const google::protobuf::FileDescriptor& events,
                                            int events_min);

// The version of a subject grows with each event of it, in all that has happened so far.
void ExpectSubjectVersionsGrow(TownOfAnyService& town);
// The same, and every resource that is stored has the version that the newest event naming it tells, by the database
// and the log alone, whatever the service itself checks (common/store/moves.h). So at the end of a test in which much
// has happened, or of every one of a fixture. `silent_tables` have no events.
void ExpectVersionsAreTold(TownOfAnyService& town, const std::set<std::string>& silent_tables = {});

// The outcomes that stand in a person's access log for an RPC, by its short name.
std::vector<std::string> OutcomesLogged(TownOfAnyService& town, std::string_view person_ref, std::string_view rpc);

// The RPCs that `who` is shown in the access log of a person, by their short names.
std::vector<std::string> AccessShown(TownOfAnyService& town, const Who& who, const std::string& person_ref);

}  // namespace mestring
