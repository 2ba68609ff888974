// Calls by name.
//
// Hides: how a name and JSON become a request.
// Invariants: standard output holds responses only, so that it can be piped; all else goes to standard error. A
// request_id that was made here is shown before the call, because a call that ends in UNAVAILABLE may have happened
// and is only safely repeated with it.
#include "services/ctl/call.h"

#include <cmark.h>

#include <cstdlib>
#include <iostream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/errors.h"
#include "common/ids.h"
#include "mestring/access/v1/access.pb.h"
#include "services/ctl/failure.h"
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

std::string RolesOf(const google::protobuf::MethodDescriptor& method) {
  const auto& allowed = method.options().GetExtension(access::v1::allow);
  return absl::StrJoin(allowed.roles(), ", ", [](std::string* out, int role) {
    absl::StrAppend(out, access::v1::Role_Name(static_cast<access::v1::Role>(role)).substr(5));
  });
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
  if (!value.is_string()) return Usage(absl::StrCat("The response has no text at ", path, "."));
  return value.get<std::string>();
}

}  // namespace

absl::StatusOr<Client*> Caller::ClientOf(const std::string& target) {
  std::unique_ptr<Client>& client = clients_[target];
  if (client == nullptr) {
    ASSIGN(client, Client::Open(settings_, target));
  }
  return client.get();
}

absl::Status Caller::Call(std::string_view method, Json& request, const Identity& identity, bool every_field,
                          absl::FunctionRef<absl::Status(Json response)> on_response) {
  ASSIGN(const MethodName name, ParseMethodName(settings_, method));
  ASSIGN(Client * client, ClientOf(name.target));
  ASSIGN(const Contract* contract, client->GetContract());
  ASSIGN(const auto* descriptor, contract->Find(name.service, name.method));
  const bool made =
      descriptor->input_type()->FindFieldByName("request_id") != nullptr && Text(request, "request_id").empty();
  if (made) request["request_id"] = NewId(absl::Now());
  ASSIGN(const auto message, contract->FromJson(descriptor->input_type(), request));
  if (made && !settings_.quiet) std::cerr << "request_id: " << Text(request, "request_id") << std::endl;
  absl::Status status = client->Call(*descriptor, *message, identity, [&](const auto& response) -> absl::Status {
    ASSIGN(Json json, contract->ToJson(response, every_field));
    return on_response(std::move(json));
  });
  if (status.code() == absl::StatusCode::kUnauthenticated && !identity.given() && !settings_.quiet) {
    std::cerr << "Called without a token: add --as ROLE. " << descriptor->name() << " is for: " << RolesOf(*descriptor)
              << "." << std::endl;
  }
  return status;
}

absl::StatusOr<Json> Caller::Call(std::string_view method, Json& request, const Identity& identity, bool every_field) {
  Json last = Json::object();
  TRY(Call(method, request, identity, every_field, [&last](Json response) {
    last = std::move(response);
    return absl::OkStatus();
  }));
  return last;
}

absl::StatusOr<bool> Caller::TakesRequestId(std::string_view method) {
  ASSIGN(const MethodName name, ParseMethodName(settings_, method));
  ASSIGN(Client * client, ClientOf(name.target));
  ASSIGN(const Contract* contract, client->GetContract());
  ASSIGN(const auto* descriptor, contract->Find(name.service, name.method));
  return descriptor->input_type()->FindFieldByName("request_id") != nullptr;
}

absl::StatusOr<int> CallCommand(const Arguments& arguments, const Settings& settings) {
  ASSIGN(Json request, ReadRequest(arguments));
  Caller caller(settings);
  const std::string table = arguments.Get("--table"), text = arguments.Get("--text"), html = arguments.Get("--html");
  if ((table.empty() ? 0 : 1) + (text.empty() ? 0 : 1) + (html.empty() ? 0 : 1) > 1) {
    return Usage("Only one of --table, --text and --html can be shown.");
  }
  const bool every_field = arguments.Has("--all-fields") || !table.empty() || !text.empty() || !html.empty();
  TRY(caller.Call(arguments.At(0), request, settings.identity, every_field, [&](Json response) -> absl::Status {
    if (!table.empty()) {
      ASSIGN(const std::string rows, TableOf(response, table));
      std::cout << rows << std::flush;
      return absl::OkStatus();
    }
    if (!text.empty() || !html.empty()) {
      ASSIGN(const std::string found, TextAt(response, text.empty() ? html : text));
      std::cout << (text.empty() ? HtmlPage(found) : found) << std::flush;
      return absl::OkStatus();
    }
    std::cout << response.dump(settings.json ? -1 : 2) << std::endl;
    return absl::OkStatus();
  }));
  return kDone;
}

absl::StatusOr<int> ListCommand(const Arguments& arguments, const Settings& settings) {
  Json all = Json::array();
  for (const auto& [name, address] : settings.services) {
    if (!arguments.At(0).empty() && arguments.At(0) != name) continue;
    ASSIGN(auto client, Client::Open(settings, name));
    ASSIGN(const Contract* contract, client->GetContract());
    for (const auto* service : contract->services()) {
      if (!settings.json) std::cout << name << "  " << service->full_name() << "\n";
      for (int i = 0; i < service->method_count(); ++i) {
        const auto& method = *service->method(i);
        if (!settings.json) {
          std::string label = absl::StrCat(name, ".", method.name());
          label.resize(std::max<size_t>(label.size(), 36), ' ');
          std::cout << "  " << label << "  " << RolesOf(method) << "\n";
        }
        all.push_back({{"service", service->full_name()}, {"method", method.name()}, {"roles", RolesOf(method)}});
      }
    }
  }
  if (settings.json) std::cout << all.dump() << std::endl;
  if (all.empty() && !arguments.At(0).empty()) {
    return Usage(absl::StrCat("There is no service ", arguments.At(0), "."));
  }
  return kDone;
}

absl::StatusOr<int> DescribeCommand(const Arguments& arguments, const Settings& settings) {
  const std::string& what = arguments.At(0);
  Caller caller(settings);
  const absl::StatusOr<MethodName> name = ParseMethodName(settings, what);
  // A message of a contract that names no service ("mestring.common.v1.Figure") may be anywhere.
  std::vector<std::string> targets;
  if (name.ok()) {
    targets.push_back(name->target);
  } else {
    for (const auto& [service, address] : settings.services) targets.push_back(service);
  }
  for (const std::string& target : targets) {
    ASSIGN(Client * client, caller.ClientOf(target));
    ASSIGN(const Contract* contract, client->GetContract());
    if (const auto* message = contract->FindMessage(what)) {
      std::cout << message->DebugString();
      return kDone;
    }
  }
  TRY(name.status());
  ASSIGN(Client * client, caller.ClientOf(name->target));
  ASSIGN(const Contract* contract, client->GetContract());
  ASSIGN(const auto* method, contract->Find(name->service, name->method));
  std::cout << "/" << method->service()->full_name() << "/" << method->name() << "\nroles: " << RolesOf(*method)
            << "\n\n"
            << method->input_type()->DebugString() << "\n"
            << (method->server_streaming() ? "stream of " : "") << method->output_type()->DebugString();
  return kDone;
}

}  // namespace mestring::ctl
