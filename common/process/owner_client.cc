#include "common/process/owner_client.h"

#include <fstream>
#include <iterator>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/process/tls.h"
#include "grpcpp/grpcpp.h"
#include "mestring/events/v1/events.grpc.pb.h"

namespace mestring {
namespace {

constexpr absl::Duration kDeadline = absl::Seconds(5);
constexpr size_t kTokenFileBytesMax = 16 << 10;

}  // namespace

Subscription::Owner OwnerAt(const std::string& address, const Config& config) {
  auto stub = std::shared_ptr<events::v1::EventService::Stub>(
      events::v1::EventService::NewStub(grpc::CreateChannel(address, ClientCredentialsFor(config))));
  return
      [stub, token_file = config.token_file](Cursor after, int page_size) -> absl::StatusOr<events::v1::ListResponse> {
        grpc::ClientContext context;
        context.set_deadline(absl::ToChronoTime(absl::Now() + kDeadline));
        std::ifstream file(token_file);
        std::string token(std::istreambuf_iterator<char>(file), {});
        if (token.size() > kTokenFileBytesMax) return Unauthenticated("the token file is too large");
        absl::StripAsciiWhitespace(&token);
        context.AddMetadata("authorization", absl::StrCat("Bearer ", token));
        events::v1::ListRequest request;
        if (after != Cursor()) request.set_after(after.ToString());
        request.set_page_size(page_size);
        events::v1::ListResponse response;
        TRY(FromWire(stub->List(&context, request, &response)));
        return response;
      };
}

}  // namespace mestring
