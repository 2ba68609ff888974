// The first response of each write, stored in the transaction of its effects for repeats of its request_id.
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

// How long an answer is stored at least.
inline constexpr absl::Duration kRequestRetention = absl::Hours(48);

// Differs for another request under the same id, and for a caller with other claims, because an answer is for the same
// caller only. The order of roles in a token does not matter.
std::string Fingerprint(const Call& call, const google::protobuf::Message& request);
// Reads the stored response of a repeated request; false if the id is new. INVALID_ARGUMENT if the id was used for
// another request.
absl::StatusOr<bool> FindAnswer(Tx& tx, const std::string& request_id, const std::string& fingerprint,
                                google::protobuf::Message* response);
// ALREADY_EXISTS, now or at the commit, if the id is taken.
absl::Status StoreAnswer(Tx& tx, const Call& call, const std::string& fingerprint,
                         const google::protobuf::Message& response, absl::Time create_time);
// Removes some answers older than kRequestRetention.
absl::Status PruneAnswers(Tx& tx);
// Removes all answers of an RPC ("/mestring.housing.v1.HousingService/EndStay"), however young; a repeat then counts as
// a new request. For answers that must not outlive the data that they contain.
absl::Status ForgetAnswers(Tx& tx, std::string_view rpc);

}  // namespace mestring
