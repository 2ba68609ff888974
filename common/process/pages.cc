#include "common/process/pages.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "google/protobuf/util/json_util.h"

namespace mestring {
namespace {

std::string EscapeHtml(std::string text) {
  return absl::StrReplaceAll(text, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}});
}

}  // namespace

std::map<std::string, std::function<HttpServer::Page()>> PagesOf(const ServiceParts& parts, const Metrics& metrics,
                                                                 const Health& health) {
  std::map<std::string, std::function<HttpServer::Page()>> pages;
  pages["/metrics"] = [&] { return HttpServer::Page{200, "text/plain; version=0.0.4; charset=utf-8", metrics.Text()}; };
  pages["/healthz"] = [&] {
    return health.ready() ? HttpServer::Page{200, "text/plain; charset=utf-8", "ok\n"}
                          : HttpServer::Page{503, "text/plain; charset=utf-8", "not ready\n"};
  };
  pages["/status"] = [&] {
    events::v1::GetStatusResponse status;
    if (!DescribeStatus(parts, &status).ok()) status.set_service(parts.config.service);
    google::protobuf::util::JsonPrintOptions options;
    options.add_whitespace = true;
    options.preserve_proto_field_names = true;
    // Also print fields with their default value: "redis_up: false" must not be a missing line.
    options.always_print_primitive_fields = true;
    std::string json;
    (void)google::protobuf::util::MessageToJsonString(status, &json, options);
    return HttpServer::Page{
        200, "text/html; charset=utf-8",
        absl::StrCat("<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>", parts.config.service,
                     "</title><h1>", parts.config.service, "</h1><p>", health.ready() ? "ready" : "not ready",
                     "</p><pre>", EscapeHtml(json), "</pre></html>\n")};
  };
  return pages;
}

}  // namespace mestring
