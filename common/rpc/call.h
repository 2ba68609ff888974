// What a use case knows about the call.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "common/rpc/token.h"

namespace mestring {

// Lives as long as the call.
class Call {
 public:
  Call(const Caller& caller, std::string_view rpc) : caller(caller), rpc(rpc) {}
  const Caller& caller;
  const std::string_view rpc;  // "/mestring.housing.v1.HousingService/EndStay"
  std::string request_id;      // of a write
  std::string traceparent;
  bool oversees = false;  // the contract lets a role of the caller ask about anybody (oversight, access.proto)

  void RecordAccess(std::string_view person_ref) {
    if (!person_ref.empty()) persons_.emplace(person_ref);
  }
  // Records the access, but hides this call from the person in their access log: for what a rule keeps secret from
  // them.
  void ConcernsHidden(std::string_view person_ref) {
    RecordAccess(person_ref);
    hidden_from_.emplace(person_ref);
  }
  const std::set<std::string>& persons() const { return persons_; }
  bool IsHiddenFrom(const std::string& person_ref) const { return hidden_from_.contains(person_ref); }

 private:
  std::set<std::string> persons_, hidden_from_;
};

}  // namespace mestring
