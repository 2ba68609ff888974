// The first answer of each write, kept for repeats of its request_id, in the transaction of its effects.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/rpc/call.h"
#include "common/store/database.h"
#include "google/protobuf/message.h"

namespace mestring {

// An answer is kept at least this long.
inline constexpr absl::Duration kRequestRetention = absl::Hours(48);

// Tells a repeat from another request under the same id, and from one of a caller about whom a claim differs: an
// answer belongs to the whole caller. The order of roles in a token means nothing.
std::string Fingerprint(const Call& call, const google::protobuf::Message& request);
// The stored response of a repeated request; false if the id is new. Refuses an id that stands for another request.
absl::StatusOr<bool> FindAnswer(Tx& tx, const std::string& request_id, const std::string& fingerprint,
                                google::protobuf::Message* response);
// ALREADY_EXISTS, now or at the commit, if the id is taken.
absl::Status StoreAnswer(Tx& tx, const Call& call, const std::string& fingerprint,
                         const google::protobuf::Message& response, absl::Time create_time);
// Removes some of those that are older than kRequestRetention.
absl::Status PruneAnswers(Tx& tx);
// Removes all answers of an RPC ("/mestring.housing.v1.HousingService/EndStay"), however young: a repeat then counts
// as a new request. For answers that must not outlive what they are about.
absl::Status ForgetAnswers(Tx& tx, std::string_view rpc);

}  // namespace mestring
