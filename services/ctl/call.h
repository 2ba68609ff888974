// One RPC from its name and JSON: what `call` does, and each step of a story.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "services/ctl/arguments.h"
#include "services/ctl/client.h"
#include "services/ctl/json.h"
#include "services/ctl/settings.h"

namespace mestring::ctl {

// Keeps a client per service. Not thread-safe. `settings` outlives it.
class Caller {
 public:
  explicit Caller(const Settings& settings) : settings_(settings) {}

  absl::StatusOr<Client*> ClientOf(const std::string& target);

  // A method, and the client of the server that answers it.
  struct Method {
    Client* client;
    const Contract* contract;
    const google::protobuf::MethodDescriptor* descriptor;

    bool TakesRequestId() const { return descriptor->input_type()->FindFieldByName("request_id") != nullptr; }
  };
  // By a name such as "housing.EndStay". Lives as long as the caller.
  absl::StatusOr<Method> Find(std::string_view method);

  // If the request's type has a request_id and `request` has none, it gets a new one, which stands in `request`
  // afterwards: repeating the call with it is safe.
  absl::Status Call(const Method& method, Json& request, const Identity& identity,
                    absl::FunctionRef<absl::Status(Json response)> on_response);
  // The same by name, for a method with one response.
  absl::StatusOr<Json> Call(std::string_view method, Json& request, const Identity& identity);

 private:
  const Settings& settings_;
  std::map<std::string, std::unique_ptr<Client>> clients_;
};

// The command "call".
absl::StatusOr<int> CallCommand(const Arguments& arguments, const Settings& settings);

}  // namespace mestring::ctl
