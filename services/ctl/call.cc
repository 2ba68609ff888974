// Calls by name.
//
// Hides: how a name and JSON become a request.
// Invariants: standard output holds responses only, so that it can be piped; all else goes to standard error. A
// request_id that was made here is shown before the call, because a call that ends in UNAVAILABLE may have happened
// and is only safely repeated with it.
#include "services/ctl/call.h"

#include <cmark.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/errors.h"
#include "common/base/ids.h"
#include "services/ctl/describe.h"
#include "services/ctl/failure.h"
#include "services/ctl/fields.h"
#include "services/ctl/story.h"
#include "services/ctl/table.h"

namespace mestring::ctl {
namespace {

// The longest request that the services take is far smaller; this only bounds what is read from a pipe.
constexpr size_t kInputBytesMax = 4 << 20;

absl::StatusOr<Json> ReadRequest(const Arguments& arguments) {
  std::string text = arguments.At(1);
  if (text.empty()) return Json::object();
  if (text == "-") {
    text.assign(std::istreambuf_iterator<char>(std::cin), {});
    if (text.size() > kInputBytesMax) return Usage("The request is too large.");
  }
  std::optional<Json> json = ParseJson(text);
  if (!json || !json->is_object()) {
    return Usage(
        "The request is not a JSON object, such as '{\"page_size\": 10}' (\"-\" reads it from standard input).");
  }
  return *std::move(json);
}

// A Markdown text as a page that a browser shows. HTML inside it is left out: somebody else wrote the text.
std::string HtmlPage(const std::string& markdown) {
  char* body = cmark_markdown_to_html(markdown.data(), markdown.size(), CMARK_OPT_DEFAULT);
  const std::string page = absl::StrCat("<!DOCTYPE html>\n<html>\n<head><meta charset=\"utf-8\"></head>\n<body>\n",
                                        body, "</body>\n</html>\n");
  free(body);
  return page;
}

// The text field of a response at a path such as "minutes.body".
absl::StatusOr<std::string> TextAt(const Json& response, const std::string& path) {
  const Json value = At(response, path);
  if (!value.is_string()) return absl::NotFoundError(absl::StrCat("There is no ", path, " in this response."));
  return value.get<std::string>();
}

// What an access that is missing takes.
void TellWhoMay(const google::protobuf::MethodDescriptor& method, const Identity& identity,
                const absl::Status& status) {
  const std::vector<std::string> roles = RolesOf(method);
  const bool without = status.code() == absl::StatusCode::kUnauthenticated && !identity.given();
  const bool others = status.code() == absl::StatusCode::kPermissionDenied && !identity.roles.empty() &&
                      std::none_of(roles.begin(), roles.end(), [&identity](const std::string& role) {
                        return std::count(identity.roles.begin(), identity.roles.end(), role) > 0;
                      });
  if (!without && !others) return;
  std::cerr << (without ? "Called without a token: add --as ROLE. " : "") << method.name()
            << " is for: " << absl::StrJoin(roles, ", ") << "." << std::endl;
}

}  // namespace

absl::StatusOr<Client*> Caller::ClientOf(const std::string& target) {
  std::unique_ptr<Client>& client = clients_[target];
  if (client == nullptr) {
    ASSIGN(client, Client::Open(settings_, target));
  }
  return client.get();
}

absl::StatusOr<Caller::Method> Caller::Find(std::string_view method) {
  ASSIGN(const MethodName name, ParseMethodName(settings_, method));
  ASSIGN(Client * client, ClientOf(name.target));
  ASSIGN(const Contract* contract, client->GetContract());
  ASSIGN(const auto* descriptor, contract->Find(name.service, name.method));
  return Method{client, contract, descriptor};
}

absl::Status Caller::Call(const Method& method, Json& request, const Identity& identity,
                          absl::FunctionRef<absl::Status(Json response)> on_response) {
  const auto& [client, contract, descriptor] = method;
  const bool made = method.TakesRequestId() && Text(request, "request_id").empty();
  if (made) request["request_id"] = NewId(absl::Now());
  ASSIGN(const auto message, contract->FromJson(descriptor->input_type(), request));
  if (made && !settings_.quiet) std::cerr << "request_id: " << Text(request, "request_id") << std::endl;
  absl::Status status = client->Call(*descriptor, *message, identity, [&](const auto& response) -> absl::Status {
    ASSIGN(Json json, method.contract->ToJson(response));
    return on_response(std::move(json));
  });
  if (!settings_.quiet) TellWhoMay(*descriptor, identity, status);
  return status;
}

absl::StatusOr<Json> Caller::Call(std::string_view method, Json& request, const Identity& identity) {
  ASSIGN(const Method found, Find(method));
  Json last = Json::object();
  TRY(Call(found, request, identity, [&last](Json response) {
    last = std::move(response);
    return absl::OkStatus();
  }));
  return last;
}

absl::StatusOr<int> CallCommand(const Arguments& arguments, const Settings& settings) {
  ASSIGN(Json request, ReadRequest(arguments));
  const std::string table = arguments.Get("--table"), text = arguments.Get("--text"), html = arguments.Get("--html");
  if ((table.empty() ? 0 : 1) + (text.empty() ? 0 : 1) + (html.empty() ? 0 : 1) > 1) {
    return Usage("Only one of --table, --text and --html can be shown.");
  }
  Caller caller(settings);
  ASSIGN(const Caller::Method method, caller.Find(arguments.At(0)));
  // Before the call: it may change something.
  const std::string path = text.empty() ? html : text;
  if (!table.empty()) TRY(CheckTable(*method.descriptor->output_type(), table));
  if (!path.empty()) TRY(CheckText(*method.descriptor->output_type(), path));
  TRY(caller.Call(method, request, settings.identity, [&](Json response) -> absl::Status {
    if (!table.empty()) {
      std::cout << TableOf(response, table) << std::flush;
    } else if (!path.empty()) {
      ASSIGN(const std::string found, TextAt(response, path));
      std::cout << (text.empty() ? HtmlPage(found) : found) << std::flush;
    } else {
      std::cout << response.dump(settings.json ? -1 : 2) << std::endl;
    }
    return absl::OkStatus();
  }));
  return kDone;
}

}  // namespace mestring::ctl
