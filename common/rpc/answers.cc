#include "common/rpc/answers.h"

// Old rows of `requests` are removed a few at a time: more than were added since the last time, and few enough not to
// delay a call.

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_join.h"
#include "common/base/digest.h"
#include "common/base/errors.h"
#include "common/store/records.h"

namespace mestring {
namespace {

using ::google::protobuf::Message;

constexpr int kPruneMax = 128;

}  // namespace

std::string Fingerprint(const Call& call, const Message& request) {
  std::vector<Role> roles = call.caller.roles;
  std::sort(roles.begin(), roles.end());
  return Sha256Hex(absl::StrJoin({std::string(call.rpc), NameOf(call.caller), RoleNames(roles), call.caller.person_ref,
                                  call.caller.organisation_id, DeterministicBytes(request)},
                                 "\n"));
}

absl::StatusOr<bool> FindAnswer(Tx& tx, const std::string& request_id, const std::string& fingerprint,
                                Message* response) {
  ASSIGN(const auto rows, (tx.Query<std::string, std::string>(
                              "SELECT fingerprint, response FROM requests WHERE request_id = :id", request_id)));
  if (rows.empty()) return false;
  if (std::get<0>(rows[0]) != fingerprint) {
    return InvalidArgument(
        "request_id", "was used for another request or by another caller (other claims in the token); send a new one");
  }
  std::string bytes;
  if (!absl::Base64Unescape(std::get<1>(rows[0]), &bytes) || !response->ParseFromString(bytes)) {
    return absl::InternalError("a stored response cannot be read");
  }
  return true;
}

absl::Status StoreAnswer(Tx& tx, const Call& call, const std::string& fingerprint, const Message& response,
                         absl::Time create_time) {
  return tx.InsertLater("requests (request_id, rpc, fingerprint, response, caller, create_time)", call.request_id,
                        call.rpc, fingerprint, absl::Base64Escape(response.SerializeAsString()), call.caller.subject,
                        create_time);
}

absl::Status PruneAnswers(Tx& tx) {
  return tx
      .Exec(
          "DELETE FROM requests WHERE request_id IN "
          "(SELECT request_id FROM requests WHERE create_time < :before ORDER BY create_time LIMIT :limit)",
          tx.now() - kRequestRetention, kPruneMax)
      .status();
}

absl::Status ForgetAnswers(Tx& tx, std::string_view rpc) {
  return tx.Exec("DELETE FROM requests WHERE rpc = :rpc", rpc).status();
}

}  // namespace mestring
