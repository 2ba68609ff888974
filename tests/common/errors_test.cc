#include "common/base/errors.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <regex>
#include <set>

#include "absl/strings/str_cat.h"
#include "common/base/reasons.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/support/status.h"
#include "tests/support/golden.h"

namespace mestring {
namespace {

constexpr char kDomain[] = "mestring.test";

template <class Detail>
bool HasDetail(const grpc::Status& wire, Detail* detail) {
  google::rpc::Status status;
  if (!status.ParseFromString(wire.error_details())) return false;
  for (const auto& any : status.details()) {
    if (any.UnpackTo(detail)) return true;
  }
  return false;
}

TEST(ErrorsTest, EachErrorComesBackFromTheWireAsItWent) {
  const absl::Status all[] = {InvalidArgument("a.b", "must be set"),
                              NotFound("stay"),
                              AlreadyExists("stay"),
                              Refused("PLACE_TAKEN", "the place is taken", {{"place", "7"}}),
                              Forbidden("not you"),
                              Unauthenticated("no token"),
                              StaleVersion(4),
                              Overloaded("BUSY", "too much", absl::Milliseconds(1500)),
                              Unavailable("DRAINING", "stopping"),
                              OutOfRange("CURSOR_FORKED", "another past", {{"common", "1-2"}}),
                              DeadlinePassed(),
                              CallCancelled()};
  std::set<absl::StatusCode> codes;
  for (const absl::Status& status : all) {
    const grpc::Status wire = ToWire(status, kDomain, "");
    const absl::Status back = FromWire(wire);
    EXPECT_EQ(back.code(), status.code());
    EXPECT_EQ(back.message(), status.message());
    EXPECT_EQ(ReasonOf(back), ReasonOf(status));
    EXPECT_EQ(MetadataOf(back), MetadataOf(status));
    EXPECT_FALSE(ReasonOf(status).empty());
    google::rpc::ErrorInfo info;
    ASSERT_TRUE(HasDetail(wire, &info));
    EXPECT_EQ(info.domain(), kDomain);
    codes.insert(status.code());
  }
  EXPECT_EQ(codes.size(), std::size(all));
}

TEST(ErrorsTest, SuccessStaysSuccess) {
  EXPECT_TRUE(ToWire(absl::OkStatus(), kDomain, "").ok());
  EXPECT_TRUE(FromWire(grpc::Status::OK).ok());
}

TEST(ErrorsTest, EveryViolationIsListed) {
  const absl::Status status = InvalidArgument({{"a", "must be set"}, {"b[2].c", "must be a UUID"}});
  google::rpc::BadRequest bad;
  ASSERT_TRUE(HasDetail(ToWire(status, kDomain, ""), &bad));
  ASSERT_EQ(bad.field_violations_size(), 2);
  EXPECT_EQ(bad.field_violations(1).field(), "b[2].c");
  EXPECT_EQ(status.message(), "a: must be set (and 1 more)");
}

TEST(ErrorsTest, MoreViolationsThanAClientTakesAreCut) {
  const std::vector<Violation> many(1000, Violation{"field", "must be set"});
  const grpc::Status wire = ToWire(InvalidArgument(many), kDomain, "");
  EXPECT_LT(wire.error_details().size(), 4096u);
}

TEST(ErrorsTest, ARefusalIsAPreconditionFailure) {
  google::rpc::PreconditionFailure failure;
  ASSERT_TRUE(HasDetail(ToWire(Refused("QUOTA_FULL", "full"), kDomain, ""), &failure));
  EXPECT_EQ(failure.violations(0).type(), "QUOTA_FULL");
}

TEST(ErrorsTest, WhoShouldComeAgainIsToldWhen) {
  google::rpc::RetryInfo retry;
  ASSERT_TRUE(HasDetail(ToWire(Overloaded("BUSY", "too much", absl::Milliseconds(1500)), kDomain, ""), &retry));
  EXPECT_EQ(retry.retry_delay().seconds(), 1);
  EXPECT_EQ(retry.retry_delay().nanos(), 500000000);
  EXPECT_TRUE(HasDetail(ToWire(Unavailable("DRAINING", "stopping"), kDomain, ""), &retry));
  EXPECT_FALSE(HasDetail(ToWire(NotFound("stay"), kDomain, ""), &retry));
  const absl::Status busy = Overloaded("BUSY", "too much", absl::Milliseconds(1500));
  EXPECT_EQ(RetryAfterOf(FromWire(ToWire(busy, kDomain, ""))), absl::Milliseconds(1500));
  EXPECT_EQ(RetryAfterOf(NotFound("stay")), std::nullopt);
}

TEST(ErrorsTest, AnErrorWithoutAReasonShowsNothingOfItself) {
  for (const absl::Status& status :
       {absl::InternalError("secret"), absl::NotFoundError("secret"), absl::UnknownError("secret")}) {
    const grpc::Status wire = ToWire(status, kDomain, "id-1");
    EXPECT_EQ(wire.error_code(), grpc::StatusCode::INTERNAL);
    EXPECT_EQ((wire.error_message() + wire.error_details()).find("secret"), std::string::npos);
    EXPECT_EQ(MetadataOf(FromWire(wire))["error_id"], "id-1");
    EXPECT_EQ(ReasonOf(FromWire(wire)), "INTERNAL");
  }
}

TEST(ErrorsTest, WhatGrpcSaysItselfHasAReasonToo) {
  using grpc::StatusCode;
  EXPECT_EQ(ReasonOf(FromWire({StatusCode::UNAUTHENTICATED, "x"})), "UNAUTHENTICATED");
  EXPECT_EQ(ReasonOf(FromWire({StatusCode::PERMISSION_DENIED, "x"})), "FORBIDDEN");
  EXPECT_EQ(ReasonOf(FromWire({StatusCode::UNAVAILABLE, "x"})), "UNAVAILABLE");
  EXPECT_EQ(ReasonOf(FromWire({StatusCode::DEADLINE_EXCEEDED, "x"})), "DEADLINE_PASSED");
  EXPECT_EQ(ReasonOf(FromWire({StatusCode::UNKNOWN, "x"})), "");
  EXPECT_EQ(FromWire({StatusCode::UNAVAILABLE, "x", "not a message"}).code(), absl::StatusCode::kUnavailable);
}

// S11: every reason that every service gives stands in the one list of them, and nothing else does.
TEST(ErrorsTest, TheListOfReasonsIsThatOfTheCode) {
  // Between the parts of the kernel; no caller meets them.
  const std::set<std::string> inner = {"STREAM_MOVED", "TERM_OVER", "REDIS_UNAVAILABLE"};
  // What FromWire makes of an answer that is not ours.
  const std::set<std::string> foreign = {"UNAVAILABLE", "LIMIT_EXCEEDED"};
  std::set<std::string> given;
  const std::regex made(
      "\\b(?:Refused|Unavailable|Overloaded|OutOfRange|Make)\\((?:absl::StatusCode::k\\w+, )?\\s*\"([A-Z_]+)\"");
  const auto read = [&](const std::string& path) {
    const std::string text = ReadSource(path);
    for (std::sregex_iterator each(text.begin(), text.end(), made), end; each != end; ++each) {
      const std::string name = (*each)[1];
      if (!inner.contains(name) && !foreign.contains(name)) given.insert(name);
    }
  };
  for (const auto& file : std::filesystem::recursive_directory_iterator(SourcePath("common"))) {
    if (file.path().extension() != ".cc" && file.path().filename() != "errors.h") continue;
    read(std::filesystem::relative(file.path(), SourcePath("")).string());
  }
  read("services/shared/code_lists.h");  // the check of codes, the same in every service
  std::set<std::string> listed;
  for (const Reason& reason : kReasons) EXPECT_TRUE(listed.insert(std::string(reason.name)).second) << reason.name;
  EXPECT_EQ(listed, given);
}

}  // namespace
}  // namespace mestring
