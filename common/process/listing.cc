#include "common/process/listing.h"

#include "grpcpp/impl/server_builder_plugin.h"
#include "grpcpp/impl/server_initializer.h"

namespace mestring {
namespace {

// Notes the names of the services that a server really has.
class ReflectionListing : public grpc::ServerBuilderPlugin {
 public:
  explicit ReflectionListing(std::vector<std::string>* services) : services_(services) {}
  std::string name() override { return "mestring.listing"; }
  void InitServer(grpc::ServerInitializer*) override {}
  void Finish(grpc::ServerInitializer* initializer) override { *services_ = *initializer->GetServiceList(); }
  void ChangeArguments(const std::string&, void*) override {}
  // A server with nothing but the library's own health service would get no thread that polls.
  bool has_sync_methods() const override { return true; }

 private:
  std::vector<std::string>* const services_;
};

// Adds ReflectionListing to a server that is built.
class ListingOption : public grpc::ServerBuilderOption {
 public:
  explicit ListingOption(std::vector<std::string>* services) : services_(services) {}
  void UpdateArguments(grpc::ChannelArguments*) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override {
    plugins->push_back(std::make_unique<ReflectionListing>(services_));
  }

 private:
  std::vector<std::string>* const services_;
};

}  // namespace

std::unique_ptr<grpc::ServerBuilderOption> NewListing(std::vector<std::string>* services) {
  return std::make_unique<ListingOption>(services);
}

}  // namespace mestring
