// The contracts as they stand in protos/, read from the .proto files themselves, so that a new one is seen the
// moment it exists: with their comments, in the order of the files' names.
#pragma once

#include <google/protobuf/compiler/importer.h>
#include <google/protobuf/descriptor.h>

#include <string>
#include <vector>

#include "common/base/options.h"
#include "common/rpc/audience.h"

namespace mestring {

class ContractFiles : public google::protobuf::compiler::MultiFileErrorCollector {
 public:
  // What does not parse is a failure of the test.
  ContractFiles();
  void AddError(const std::string& file, int line, int column, const std::string& message) override;
  const std::vector<const google::protobuf::FileDescriptor*>& files() const { return files_; }

 private:
  google::protobuf::compiler::DiskSourceTree tree_;
  google::protobuf::compiler::Importer importer_;
  std::vector<const google::protobuf::FileDescriptor*> files_;
};

// The roles, sorted, without "ROLE_"; none if the contract is wrong, which is a failure of the test.
std::vector<std::string> RoleNames(const absl::StatusOr<std::vector<Role>>& roles);

// What is listed under one heading ("// ---- Stays ------") of a contract: RPCs, or events.
struct Heading {
  std::string title;
  std::vector<std::string> names;
};

// A service of the domain: what its contracts say of it.
struct ServiceContract {
  std::string name;     // "peer_support"
  std::string purpose;  // the first paragraph of the contract's comment, on one line
  std::vector<Heading> rpcs, events;
  std::vector<const google::protobuf::Descriptor*> event_messages;
};

// The events of what several services link (package common): each on the stream of the service that it happens in.
std::vector<const google::protobuf::Descriptor*> SharedEvents(const ContractFiles& contracts);

// Those that publish events, in the order of their names. `contracts` must outlive them.
std::vector<ServiceContract> ServiceContracts(const ContractFiles& contracts);

// The comment before a message or a field, on one line.
std::string CommentOf(const google::protobuf::Descriptor& message);
std::string CommentOf(const google::protobuf::FieldDescriptor& field);

}  // namespace mestring
