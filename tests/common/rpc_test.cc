// The edge, through a real stub, on each engine: who may, what is refused and how, first answers,
// the access log.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <latch>
#include <regex>
#include <thread>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/base/ids.h"
#include "common/base/reasons.h"
#include "common/rpc/pipeline.h"
#include "common/store/records.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "mestring/access/v1/access_log.grpc.pb.h"
#include "mestring/events/v1/events.grpc.pb.h"
#include "mestring/events/v1/operations.grpc.pb.h"
#include "mestring/test/v1/test.grpc.pb.h"
#include "tests/support/bus.h"
#include "tests/support/contract_checks.h"
#include "tests/support/running_service.h"
#include "tests/support/test_service.h"
#include "tests/support/tokens.h"
#include "tests/support/wait.h"

namespace mestring {
namespace {

namespace tpb = test::v1;
using access::v1::ROLE_HOUSING_OFFICE;
using access::v1::ROLE_NAV;
using access::v1::ROLE_OPERATOR;
using access::v1::ROLE_PERSON;
using access::v1::ROLE_STAFF;
using access::v1::ROLE_UNIT_LEADER;

std::string NewUuid() { return NewId(absl::Now()); }

class RpcTest : public testing::TestWithParam<const char*> {
 protected:
  tpb::WriteNoteRequest NewNote(std::string person = "") {
    tpb::WriteNoteRequest request;
    request.set_request_id(NewUuid());
    request.set_person_ref(person.empty() ? NewUuid() : person);
    request.set_text("words");
    return request;
  }
  absl::Status Write(const tpb::WriteNoteRequest& request, tpb::WriteNoteResponse* response,
                     std::unique_ptr<grpc::ClientContext> context = nullptr) {
    if (context == nullptr) context = running_.As({ROLE_STAFF});
    return FromWire(notes_->WriteNote(context.get(), request, response));
  }
  absl::Status Get(const std::string& id, std::unique_ptr<grpc::ClientContext> context) {
    tpb::GetNoteRequest request;
    request.set_id(id);
    tpb::GetNoteResponse response;
    return FromWire(notes_->GetNote(context.get(), request, &response));
  }
  absl::Status Forget(bool by_statement, bool change_nothing = false, std::string request_id = NewUuid()) {
    tpb::ForgetNoteRequest request;
    request.set_request_id(std::move(request_id));
    request.set_by_statement(by_statement);
    request.set_change_nothing(change_nothing);
    tpb::ForgetNoteResponse response;
    return FromWire(notes_->ForgetNote(running_.As({ROLE_STAFF}).get(), request, &response));
  }
  // "<caller> <roles> <method> <outcome>" of each row about a person, in the order of writing.
  std::vector<std::string> AccessRows(const std::string& person) {
    std::vector<std::string> rows;
    EXPECT_TRUE(running_.db()
                    .Read([&](Tx& tx) -> absl::Status {
                      ASSIGN(auto found, (tx.Query<std::string, std::string, std::string, std::string>(
                                             "SELECT caller, roles, rpc, outcome FROM access_log "
                                             "WHERE person_ref = :person ORDER BY time, rpc, outcome",
                                             person)));
                      rows.clear();
                      for (auto& [caller, roles, rpc, outcome] : found) {
                        rows.push_back(
                            absl::StrCat(caller, " ", roles, " ", rpc.substr(rpc.rfind('/') + 1), " ", outcome));
                      }
                      return absl::OkStatus();
                    })
                    .ok());
    return rows;
  }
  int64_t CountOf(const std::string& table) {
    int64_t count = -1;
    EXPECT_TRUE(running_.db()
                    .Read([&](Tx& tx) -> absl::Status {
                      ASSIGN(auto rows, tx.Query<int64_t>("SELECT count(*) FROM " + table));
                      count = std::get<0>(rows[0]);
                      return absl::OkStatus();
                    })
                    .ok());
    return count;
  }

  RunningService running_{TestServiceDefinition(), GetParam()};
  std::unique_ptr<tpb::NoteService::Stub> notes_ = tpb::NoteService::NewStub(running_.channel());
  std::unique_ptr<tpb::EmptyService::Stub> empty_ = tpb::EmptyService::NewStub(running_.channel());
};

INSTANTIATE_TEST_SUITE_P(Engines, RpcTest, testing::ValuesIn(kEngines),
                         [](const auto& info) { return EngineName(info); });

TEST_P(RpcTest, AWriteIsAnsweredAndItsEventIsInTheLog) {
  tpb::WriteNoteResponse response;
  ASSERT_EQ(Write(NewNote(), &response), absl::OkStatus());
  EXPECT_EQ(response.note().version(), 1);
  EXPECT_EQ(CountOf("notes"), 1);
  EXPECT_EQ(CountOf("outbox WHERE kind = 1"), 1);
}

TEST_P(RpcTest, ACallWithoutATokenIsUnauthenticated) {
  tpb::WriteNoteResponse response;
  const absl::Status status = Write(NewNote(), &response, RunningService::Nobody());
  EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(ReasonOf(status), "UNAUTHENTICATED");
  EXPECT_EQ(CountOf("notes"), 0);
}

TEST_P(RpcTest, ARoleThatTheContractDoesNotNameIsForbidden) {
  tpb::WriteNoteResponse response;
  const absl::Status status = Write(NewNote(), &response, running_.As({ROLE_HOUSING_OFFICE}));
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ReasonOf(status), "FORBIDDEN");
  EXPECT_EQ(CountOf("notes"), 0);
}

TEST_P(RpcTest, CallersWhoShareAConnectionAreNotMixedUp) {
  const std::string ann = NewUuid(), bob = NewUuid();
  tpb::WriteNoteResponse of_ann, of_bob;
  ASSERT_EQ(Write(NewNote(ann), &of_ann), absl::OkStatus());
  ASSERT_EQ(Write(NewNote(bob), &of_bob), absl::OkStatus());
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(Get(of_ann.note().id(), running_.As({ROLE_PERSON}, ann, "", "ann")), absl::OkStatus());
    EXPECT_EQ(Get(of_ann.note().id(), running_.As({ROLE_PERSON}, bob, "", "bob")).code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(Get(of_bob.note().id(), running_.As({ROLE_PERSON}, bob, "", "bob")), absl::OkStatus());
  }
}

TEST_P(RpcTest, TwoTokensAreRefused) {
  std::unique_ptr<grpc::ClientContext> context = running_.As({ROLE_STAFF});
  context->AddMetadata("authorization", "Bearer " + Token({ROLE_STAFF}));
  tpb::WriteNoteResponse response;
  EXPECT_EQ(Write(NewNote(), &response, std::move(context)).code(), absl::StatusCode::kUnauthenticated);
}

TEST_P(RpcTest, EveryWrongFieldIsNamed) {
  tpb::WriteNoteRequest request;
  request.set_request_id("not a uuid");
  request.set_organisation_id("has spaces");
  tpb::WriteNoteResponse response;
  const absl::Status status = Write(request, &response);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  std::set<std::string> fields;
  for (const Violation& violation : ViolationsOf(status)) fields.insert(violation.field);
  EXPECT_EQ(fields, (std::set<std::string>{"request_id", "person_ref", "organisation_id"}));
}

TEST_P(RpcTest, ANationalIdentityNumberIsRefusedAndNotRepeated) {
  tpb::WriteNoteRequest request = NewNote();
  request.set_text("born 15076500565 in Sandnes");
  tpb::WriteNoteResponse response;
  const absl::Status status = Write(request, &response);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.ToString().find("15076500565"), std::string::npos);
  EXPECT_EQ(CountOf("access_log"), 0);
}

TEST_P(RpcTest, ARepeatedRequestGetsTheFirstAnswerAndDoesNothing) {
  const tpb::WriteNoteRequest request = NewNote();
  tpb::WriteNoteResponse first, second;
  ASSERT_EQ(Write(request, &first), absl::OkStatus());
  running_.clock().Advance(absl::Hours(47));
  running_.Restart();
  ASSERT_EQ(Write(request, &second), absl::OkStatus());
  EXPECT_EQ(first.SerializeAsString(), second.SerializeAsString());
  EXPECT_EQ(CountOf("notes"), 1);
  EXPECT_EQ(CountOf("outbox WHERE kind = 1"), 1);
}

TEST_P(RpcTest, TheSameRequestIdForAnotherRequestIsRefused) {
  tpb::WriteNoteRequest request = NewNote();
  tpb::WriteNoteResponse response;
  ASSERT_EQ(Write(request, &response), absl::OkStatus());
  request.set_text("other words");
  const absl::Status status = Write(request, &response);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  ASSERT_EQ(ViolationsOf(status).size(), 1u);
  EXPECT_EQ(ViolationsOf(status)[0].field, "request_id");
  EXPECT_EQ(CountOf("notes"), 1);
  EXPECT_THAT(AccessRows(request.person_ref()), testing::Contains("test-caller STAFF WriteNote INVALID_ARGUMENT"));
}

TEST_P(RpcTest, ARequestIdOfSomebodyElseDoesNotShowTheirAnswer) {
  const tpb::WriteNoteRequest request = NewNote();
  tpb::WriteNoteResponse response, other;
  ASSERT_EQ(Write(request, &response), absl::OkStatus());
  EXPECT_EQ(Write(request, &other, running_.As({ROLE_STAFF}, "", "", "somebody-else")).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(other.has_note());
}

// S12: `sub` is the same each time, and the request, byte for byte.
TEST_P(RpcTest, AFirstAnswerBelongsToTheWholeCaller) {
  const std::string person = NewUuid();
  const tpb::WriteNoteRequest request = NewNote();
  tpb::WriteNoteResponse first, other;
  ASSERT_EQ(Write(request, &first, running_.As({ROLE_PERSON, ROLE_NAV}, person, "nav-sandnes")), absl::OkStatus());
  for (auto& context :
       {running_.As({ROLE_PERSON, ROLE_NAV}, person, "nav-stavanger"),
        running_.As({ROLE_PERSON, ROLE_NAV}, NewUuid(), "nav-sandnes"),
        running_.As({ROLE_PERSON, ROLE_NAV}, "", "nav-sandnes"), running_.As({ROLE_PERSON}, person, "nav-sandnes"),
        running_.As({ROLE_PERSON, ROLE_NAV, ROLE_STAFF}, person, "nav-sandnes")}) {
    const grpc::Status status = notes_->WriteNote(context.get(), request, &other);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    ASSERT_EQ(ViolationsOf(FromWire(status)).size(), 1u);
    EXPECT_EQ(ViolationsOf(FromWire(status))[0].field, "request_id");
    EXPECT_FALSE(other.has_note());
  }
  // The order of roles in a token means nothing.
  ASSERT_EQ(Write(request, &other, running_.As({ROLE_NAV, ROLE_PERSON}, person, "nav-sandnes")), absl::OkStatus());
  EXPECT_EQ(other.SerializeAsString(), first.SerializeAsString());
  EXPECT_EQ(CountOf("notes"), 1);
}

// S12: two providers may give two callers the same `sub`.
TEST_P(RpcTest, ACallerOfAnotherIssuerIsAnotherCaller) {
  running_.config().log_hash_key = "the same after a restart";
  running_.Restart();
  const std::string person = NewUuid();
  const tpb::WriteNoteRequest request = NewNote(person);
  tpb::WriteNoteResponse response;
  testing::internal::CaptureStderr();
  ASSERT_EQ(Write(request, &response), absl::OkStatus());
  running_.config().token_issuer = "another-issuer";
  running_.Restart();
  Claims claims;
  claims.roles = {ROLE_STAFF};
  claims.issuer = "another-issuer";
  auto context = RunningService::Nobody();
  context->AddMetadata("authorization", "Bearer " + Token(claims));
  running_.clock().Advance(absl::Seconds(1));
  EXPECT_EQ(Write(request, &response, std::move(context)).code(), absl::StatusCode::kInvalidArgument);
  // Two names in the lines of the log,
  const std::string logged = testing::internal::GetCapturedStderr();
  const std::regex caller("WriteNote.*\"caller\":\"([0-9a-f]{16})\"");
  std::set<std::string> names;
  for (std::sregex_iterator line(logged.begin(), logged.end(), caller), end; line != end; ++line) {
    names.insert((*line)[1]);
  }
  EXPECT_EQ(names.size(), 2u) << logged;
  // and two in the access log.
  access::v1::ListAccessLogRequest list;
  list.set_person_ref(person);
  access::v1::ListAccessLogResponse page;
  claims.roles = {ROLE_UNIT_LEADER};
  context = RunningService::Nobody();
  context->AddMetadata("authorization", "Bearer " + Token(claims));
  ASSERT_TRUE(
      access::v1::AccessLogService::NewStub(running_.channel())->ListAccessLog(context.get(), list, &page).ok());
  std::vector<std::string> callers;
  for (const auto& entry : page.entries()) callers.push_back(absl::StrCat(entry.issuer(), " ", entry.caller()));
  EXPECT_EQ(callers, (std::vector<std::string>{"another-issuer test-caller", "test-issuer test-caller"}));
}

TEST_P(RpcTest, ARefusedRequestMayBeRepeatedWithTheSameId) {
  tpb::WriteNoteRequest request = NewNote();
  request.set_refuse(true);
  tpb::WriteNoteResponse response;
  const absl::Status status = Write(request, &response);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(status), "NOTES_FORBIDDEN");
  EXPECT_EQ(CountOf("notes"), 0);
  EXPECT_EQ(CountOf("outbox WHERE kind = 1"), 0);
  request.set_refuse(false);
  EXPECT_EQ(Write(request, &response), absl::OkStatus());
}

TEST_P(RpcTest, ManyRepeatsAtOnceWriteOnce) {
  const tpb::WriteNoteRequest request = NewNote();
  std::vector<std::thread> threads;
  std::vector<tpb::WriteNoteResponse> responses(16);
  for (tpb::WriteNoteResponse& response : responses) {
    threads.emplace_back([&] { EXPECT_EQ(Write(request, &response), absl::OkStatus()); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const tpb::WriteNoteResponse& response : responses) EXPECT_EQ(response.note().id(), responses[0].note().id());
  EXPECT_EQ(CountOf("notes"), 1);
}

TEST_P(RpcTest, AWriteThatTellsNobodyIsUndoneAndIsAnErrorOfOurs) {
  const std::string request_id = NewUuid();
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  for (const bool by_statement : {false, true}) {
    const absl::Status status = Forget(by_statement, false, request_id);
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
    EXPECT_EQ(status.ToString().find("no_event_because"), std::string::npos)
        << "what we did wrong is not for the caller";
    EXPECT_EQ(CountOf("notes"), 0);
    EXPECT_EQ(CountOf("requests"), 0);
  }
  const std::string lines = testing::internal::GetCapturedStdout() + testing::internal::GetCapturedStderr();
  EXPECT_THAT(lines, testing::ContainsRegex("rpc.internal_error.*ForgetNote.*published no event.*no_event_because"));
}

// S10: that something is told does not cover what is not.
TEST_P(RpcTest, AWriteThatMovesAResourceWhichNoEventNamesIsUndone) {
  tpb::ForgetNoteRequest request;
  request.set_request_id(NewUuid());
  request.set_beside_another(true);
  tpb::ForgetNoteResponse response;
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const absl::Status status = FromWire(notes_->ForgetNote(running_.As({ROLE_STAFF}).get(), request, &response));
  const std::string lines = testing::internal::GetCapturedStdout() + testing::internal::GetCapturedStderr();
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(CountOf("notes"), 0);
  EXPECT_EQ(CountOf("outbox WHERE kind = 1"), 0);
  EXPECT_THAT(lines, testing::ContainsRegex("rpc.internal_error.*ForgetNote.*version 1 and no event names it"));
}

TEST_P(RpcTest, AWriteThatIsUntoldOnPurposeChangesNothingOldInSilence) {
  tpb::WriteNoteResponse written;
  ASSERT_EQ(Write(NewNote(), &written), absl::OkStatus());
  tpb::HushNoteRequest request;
  request.set_request_id(NewUuid());
  request.set_changed_note_id(written.note().id());
  tpb::HushNoteResponse response;
  const absl::Status status = FromWire(notes_->HushNote(running_.As({ROLE_STAFF}).get(), request, &response));
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(CountOf("notes"), 1);
}

TEST_P(RpcTest, AWriteThatChangesNothingNeedTellNobody) {
  EXPECT_EQ(Forget(false, true), absl::OkStatus());
  EXPECT_EQ(CountOf("requests"), 1);
  EXPECT_EQ(CountOf("timers"), 1);
}

TEST_P(RpcTest, AWriteThatIsUntoldOnPurposeIsKeptAndAnswersItsRepeats) {
  tpb::HushNoteRequest request;
  request.set_request_id(NewUuid());
  tpb::HushNoteResponse first, second;
  ASSERT_EQ(FromWire(notes_->HushNote(running_.As({ROLE_STAFF}).get(), request, &first)), absl::OkStatus());
  ASSERT_EQ(FromWire(notes_->HushNote(running_.As({ROLE_STAFF}).get(), request, &second)), absl::OkStatus());
  EXPECT_EQ(first.SerializeAsString(), second.SerializeAsString());
  EXPECT_EQ(CountOf("notes"), 1);
  EXPECT_EQ(CountOf("outbox WHERE kind = 1"), 0);
}

// Writes share a commit, and run again when one of their group fails: each answers for itself, each time.
TEST_P(RpcTest, NoWriteIsTakenForToldBecauseOfAnother) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([this] {
      tpb::WriteNoteResponse response;
      EXPECT_EQ(Write(NewNote(), &response), absl::OkStatus());
    });
    threads.emplace_back([this] { EXPECT_EQ(Forget(false).code(), absl::StatusCode::kInternal); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(CountOf("notes"), 16);
  EXPECT_EQ(CountOf("outbox WHERE kind = 1"), 16);
}

TEST_P(RpcTest, OldAnswersAreForgotten) {
  tpb::WriteNoteResponse response;
  for (int i = 0; i < 10; ++i) ASSERT_EQ(Write(NewNote(), &response), absl::OkStatus());
  running_.clock().Advance(absl::Hours(49));
  for (int i = 0; i < 64; ++i) ASSERT_EQ(Write(NewNote(), &response), absl::OkStatus());
  EXPECT_EQ(CountOf("requests"), 64);
}

TEST_P(RpcTest, TheAccessLogSaysWhoWroteReadAndWasRefused) {
  const std::string person = NewUuid();
  tpb::WriteNoteResponse response;
  ASSERT_EQ(Write(NewNote(person), &response, running_.As({ROLE_STAFF}, "", "", "sara")), absl::OkStatus());
  running_.clock().Advance(absl::Seconds(1));
  ASSERT_EQ(Get(response.note().id(), running_.As({ROLE_STAFF, ROLE_NAV}, "", "", "nils")), absl::OkStatus());
  running_.clock().Advance(absl::Seconds(1));
  ASSERT_EQ(Get(response.note().id(), running_.As({ROLE_PERSON}, NewUuid(), "", "eve")).code(),
            absl::StatusCode::kNotFound);
  running_.clock().Advance(absl::Seconds(1));
  tpb::WriteNoteRequest refused = NewNote(person);
  refused.set_refuse(true);
  ASSERT_FALSE(Write(refused, &response, running_.As({ROLE_STAFF}, "", "", "sara")).ok());
  EXPECT_EQ(AccessRows(person),
            (std::vector<std::string>{"sara STAFF WriteNote OK", "nils STAFF,NAV GetNote OK",
                                      "eve PERSON GetNote NOT_FOUND", "sara STAFF WriteNote FAILED_PRECONDITION"}));
}

TEST_P(RpcTest, APersonSeesWhoHasLookedAndNobodyElsesLog) {
  const std::string person = NewUuid();
  tpb::WriteNoteResponse response;
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(Write(NewNote(person), &response, running_.As({ROLE_STAFF}, "", "unit-7", "sara")), absl::OkStatus());
  }
  auto log = access::v1::AccessLogService::NewStub(running_.channel());
  access::v1::ListAccessLogRequest request;
  request.set_person_ref(person);
  request.set_page_size(2);
  int entries = 0, pages = 0;
  for (bool more = true; more; ++pages) {
    access::v1::ListAccessLogResponse page;
    running_.clock().Advance(absl::Seconds(1));
    auto context = running_.As({ROLE_PERSON}, person, "", "ann");
    ASSERT_TRUE(log->ListAccessLog(context.get(), request, &page).ok());
    for (const auto& entry : page.entries()) {
      ++entries;
      EXPECT_EQ(entry.caller(), "sara");
      EXPECT_EQ(entry.organisation_id(), "unit-7");
      EXPECT_EQ(entry.roles(0), ROLE_STAFF);
      EXPECT_EQ(entry.outcome(), "OK");
    }
    request.set_page_token(page.next_page_token());
    more = !page.next_page_token().empty();
  }
  EXPECT_EQ(entries, 5);
  EXPECT_EQ(pages, 3);
  access::v1::ListAccessLogResponse page;
  request.clear_page_token();
  for (const PageEnd& wrong : {PageEnd{"1", "-1"}, PageEnd{"1", ""}, PageEnd{"", "1"}, PageEnd{"x", "1"}}) {
    request.set_page_token(PageTokenOf(request, wrong));
    auto context = running_.As({ROLE_PERSON}, person, "", "ann");
    const absl::Status status = FromWire(log->ListAccessLog(context.get(), request, &page));
    ASSERT_EQ(ViolationsOf(status).size(), 1) << wrong.key << " " << wrong.id;
    EXPECT_EQ(ViolationsOf(status)[0].field, "page_token");
  }
  request.clear_page_token();
  auto stranger = running_.As({ROLE_PERSON}, NewUuid(), "", "eve");
  EXPECT_EQ(log->ListAccessLog(stranger.get(), request, &page).error_code(), grpc::StatusCode::NOT_FOUND);
  running_.clock().Advance(absl::Seconds(1));  // so that this look is the last in the log
  auto leader = running_.As({ROLE_UNIT_LEADER}, "", "", "lea");
  EXPECT_TRUE(log->ListAccessLog(leader.get(), request, &page).ok());
  EXPECT_EQ(AccessRows(person).back(), "lea UNIT_LEADER ListAccessLog OK");
}

TEST_P(RpcTest, LaterPagesRepeatTheCursorOfTheFirst) {
  tpb::WriteNoteResponse written;
  for (int i = 0; i < 3; ++i) ASSERT_EQ(Write(NewNote(), &written), absl::OkStatus());
  tpb::ListNotesRequest request;
  request.set_page_size(1);
  tpb::ListNotesResponse first, next;
  ASSERT_TRUE(notes_->ListNotes(running_.As({ROLE_STAFF}).get(), request, &first).ok());
  EXPECT_EQ(first.as_of(), HeadOf(running_.db()).ToString());
  std::set<std::string> seen = {first.notes(0).id()};
  request.set_page_token(first.next_page_token());
  while (!request.page_token().empty()) {
    // What changes meanwhile comes after the cursor.
    ASSERT_EQ(Write(NewNote(), &written), absl::OkStatus());
    request.set_page_size(2);  // this may change
    ASSERT_TRUE(notes_->ListNotes(running_.As({ROLE_STAFF}).get(), request, &next).ok());
    EXPECT_EQ(next.as_of(), first.as_of());
    for (const tpb::Note& note : next.notes()) EXPECT_TRUE(seen.insert(note.id()).second);
    request.set_page_token(next.next_page_token());
  }
  EXPECT_GE(seen.size(), 3u);
  // Another list begins anew.
  request.clear_page_token();
  ASSERT_TRUE(notes_->ListNotes(running_.As({ROLE_STAFF}).get(), request, &next).ok());
  EXPECT_EQ(next.as_of(), HeadOf(running_.db()).ToString());
}

TEST_P(RpcTest, APageTokenOfAnotherListOrFilterIsRefused) {
  tpb::WriteNoteResponse written;
  for (int i = 0; i < 2; ++i) ASSERT_EQ(Write(NewNote(), &written), absl::OkStatus());
  tpb::ListNotesRequest request;
  request.set_page_size(1);
  tpb::ListNotesResponse page;
  ASSERT_TRUE(notes_->ListNotes(running_.As({ROLE_STAFF}).get(), request, &page).ok());
  request.set_page_token(page.next_page_token());
  EXPECT_TRUE(notes_->ListNotes(running_.As({ROLE_STAFF}).get(), request, &page).ok());
  const auto refusal = [&] {
    const absl::Status status = FromWire(notes_->ListNotes(running_.As({ROLE_STAFF}).get(), request, &page));
    return ViolationsOf(status).size() == 1 ? ViolationsOf(status)[0].field : status.ToString();
  };
  request.set_organisation_id("another");
  EXPECT_EQ(refusal(), "page_token");
  request.clear_organisation_id();
  request.set_page_token(PageTokenOf(access::v1::ListAccessLogRequest(), {written.note().id(), ""}));
  EXPECT_EQ(refusal(), "page_token");
  request.set_page_token(PageToken({written.note().id(), ""}));
  EXPECT_EQ(refusal(), "page_token") << "of no list";
}

TEST_P(RpcTest, AnAnswerHasTheTimesThatALaterReadGives) {
  running_.clock().Advance(absl::Nanoseconds(1'234'567));
  tpb::WriteNoteResponse written;
  ASSERT_EQ(Write(NewNote(), &written), absl::OkStatus());
  tpb::GetNoteRequest request;
  request.set_id(written.note().id());
  tpb::GetNoteResponse read;
  ASSERT_TRUE(notes_->GetNote(running_.As({ROLE_STAFF}).get(), request, &read).ok());
  EXPECT_EQ(written.note().SerializeAsString(), read.note().SerializeAsString());
  EXPECT_EQ(written.note().create_time().nanos(), 1'234'000);
}

TEST_P(RpcTest, TheAccessLogForgetsAfterItsRetention) {
  const std::string person = NewUuid();
  tpb::WriteNoteResponse response;
  ASSERT_EQ(Write(NewNote(person), &response), absl::OkStatus());
  running_.clock().Advance(running_.config().access_log_retention - absl::Hours(1));
  for (int i = 0; i < 64; ++i) ASSERT_EQ(Write(NewNote(NewUuid()), &response), absl::OkStatus());
  EXPECT_EQ(AccessRows(person).size(), 1);
  running_.clock().Advance(absl::Hours(2));
  for (int i = 0; i < 64; ++i) ASSERT_EQ(Write(NewNote(NewUuid()), &response), absl::OkStatus());
  EXPECT_EQ(AccessRows(person).size(), 0);
  EXPECT_EQ(CountOf("access_log"), 128);
}

TEST_P(RpcTest, AnErrorOfOursHidesItsTextBehindAnId) {
  auto context = running_.As({ROLE_STAFF});
  tpb::BreakResponse response;
  const grpc::Status wire = notes_->Break(context.get(), tpb::BreakRequest(), &response);
  EXPECT_EQ(wire.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_EQ(wire.error_message().find("secret"), std::string::npos);
  EXPECT_TRUE(IsUuid(MetadataOf(FromWire(wire))["error_id"]));
}

TEST_P(RpcTest, ARefusalWithAReasonThatTheRpcDoesNotNameIsAnErrorOfOurs) {
  auto context = running_.As({ROLE_STAFF});
  tpb::BreakRequest request;
  request.set_refuse(true);
  tpb::BreakResponse response;
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const grpc::Status wire = notes_->Break(context.get(), request, &response);
  const std::string logged = testing::internal::GetCapturedStdout() + testing::internal::GetCapturedStderr();
  EXPECT_EQ(wire.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_THAT(logged, testing::ContainsRegex("rpc.reason_not_in_contract.*NoteService/Break.*NOTES_FORBIDDEN"));
}

TEST(Reasons, AnRpcNamesThemWithCommasAndOnSeveralLines) {
  const auto& service = *tpb::WriteNoteRequest::descriptor()->file()->FindServiceByName("NoteService");
  EXPECT_THAT(ReasonsOf(*service.FindMethodByName("WriteNote")),
              testing::ElementsAre("NOTES_MISSING", "NOTES_FORBIDDEN", "NOTES_FULL"));
  EXPECT_THAT(ReasonsOf(*service.FindMethodByName("Break")), testing::IsEmpty());
  EXPECT_TRUE(IsOfEveryService("WRONG_STATE"));
  EXPECT_FALSE(IsOfEveryService("NOTES_FULL"));
}

TEST_P(RpcTest, ErrorsCarryTheDomainOfTheService) {
  tpb::WriteNoteRequest request = NewNote();
  request.set_refuse(true);
  auto context = running_.As({ROLE_STAFF});
  tpb::WriteNoteResponse response;
  const grpc::Status wire = notes_->WriteNote(context.get(), request, &response);
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(wire.error_details()));
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(details.details(0).UnpackTo(&info));
  EXPECT_EQ(info.domain(), "mestring.test");
  EXPECT_EQ(info.reason(), "NOTES_FORBIDDEN");
}

TEST_P(RpcTest, ACallWhoseDeadlinePassesWhileItWaitsIsNotBegun) {
  std::latch held(1), release(1);
  std::thread holder([&] {
    const absl::Status status = running_.db().Write([&](Tx&) {
      held.count_down();
      release.wait();
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
  });
  held.wait();
  constexpr absl::Duration kPatience = absl::Seconds(1);  // enough to come as far as the line
  tpb::WriteNoteResponse response;
  std::thread caller([&] {
    auto context = running_.As({ROLE_STAFF});
    context->set_deadline(absl::ToChronoTime(absl::Now() + kPatience));
    EXPECT_EQ(Write(NewNote(), &response, std::move(context)).code(), absl::StatusCode::kDeadlineExceeded);
  });
  EXPECT_TRUE(WaitUntil([&] { return running_.db().queue_length() > 0; })) << "behind the holder";
  // The server counts from when the call came, which was before this. (What goes over the wire is rounded up a little.)
  const absl::Time over = absl::Now() + 1.1 * kPatience;
  caller.join();
  EXPECT_TRUE(WaitUntil([&] { return absl::Now() > over; }));
  release.count_down();
  holder.join();
  ASSERT_EQ(Write(NewNote(), &response), absl::OkStatus());
  EXPECT_EQ(CountOf("notes"), 1) << "that of the caller who still waits";
}

TEST_P(RpcTest, TheTraceOfTheCallerIsThatOfTheEvent) {
  const std::string trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  auto context = running_.As({ROLE_STAFF});
  context->AddMetadata("traceparent", trace);
  tpb::WriteNoteResponse response;
  ASSERT_EQ(Write(NewNote(), &response, std::move(context)), absl::OkStatus());
  context = running_.As({ROLE_STAFF});
  context->AddMetadata("traceparent", "00-nonsense");
  ASSERT_EQ(Write(NewNote(), &response, std::move(context)), absl::OkStatus());
  EXPECT_EQ(CountOf("outbox WHERE traceparent = '" + trace + "'"), 1);
  EXPECT_EQ(CountOf("outbox WHERE kind = 1 AND traceparent = ''"), 1);
}

TEST_P(RpcTest, AnAnonymousCallIsStoredLoggedAndPublishedWithoutItsCaller) {
  const std::string person = NewUuid();
  const std::string trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  tpb::DropNoteRequest request;
  request.set_request_id(NewUuid());
  request.set_text("the door sticks");
  tpb::DropNoteResponse first, second;
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  for (tpb::DropNoteResponse* response : {&first, &second}) {
    auto context = running_.As({ROLE_PERSON}, person, "some-organisation", "ann-of-the-box");
    context->AddMetadata("traceparent", trace);
    ASSERT_TRUE(notes_->DropNote(context.get(), request, response).ok());
  }
  const std::string logged = testing::internal::GetCapturedStdout() + testing::internal::GetCapturedStderr();
  EXPECT_EQ(first.caller_seen(), "0") << "the use case sees nobody, and no role";
  EXPECT_EQ(second.note_id(), first.note_id()) << "a repeat is answered all the same";
  EXPECT_NE(logged.find("DropNote"), std::string::npos);
  for (const std::string& trail : {person, std::string("ann-of-the-box"), request.request_id(), trace.substr(3, 32),
                                   std::string("PERSON"), std::string("some-organisation")}) {
    EXPECT_EQ(logged.find(trail), std::string::npos) << trail;
  }
  EXPECT_EQ(CountOf("requests WHERE caller = ''"), 1);
  EXPECT_EQ(CountOf("access_log"), 0);
  EXPECT_EQ(CountOf("outbox WHERE kind = 1 AND traceparent = ''"), 1);
  // Who may call is still asked.
  auto context = running_.As({ROLE_STAFF});
  EXPECT_EQ(notes_->DropNote(context.get(), request, &first).error_code(), grpc::StatusCode::PERMISSION_DENIED);
}

// S7: a moment links a note to whoever was seen to write it then.
TEST_P(RpcTest, AnAnonymousCallIsStoredAndPublishedWithItsDayOnly) {
  running_.clock().Advance(absl::Hours(3) + absl::Microseconds(123457));
  const absl::TimeZone zone = running_.db().zone();
  const absl::CivilDay today = DateIn(zone, running_.clock().Now());
  tpb::DropNoteRequest request;
  request.set_request_id(NewId(running_.clock().Now()));
  request.set_text("the door sticks");
  tpb::DropNoteResponse first, second;
  ASSERT_TRUE(notes_->DropNote(running_.As({ROLE_PERSON}).get(), request, &first).ok());
  const int64_t day = absl::ToUnixMicros(StartOfDay(zone, today));
  EXPECT_EQ(CountOf(absl::StrCat("notes WHERE create_time = ", day, " AND update_time = ", day)), 1);
  EXPECT_EQ(CountOf(absl::StrCat("outbox WHERE kind = 1 AND time = ", day)), 1);
  EXPECT_EQ(CountOf("outbox WHERE kind = 1 AND id LIKE '______________4%'"), 1) << "a random id";
  EXPECT_EQ(CountOf("requests"), 1);
  EXPECT_EQ(CountOf("requests WHERE request_id = '" + request.request_id() + "'"), 0) << "it begins with the moment";
  EXPECT_EQ(CountOf(absl::StrCat("requests WHERE create_time = ", absl::ToUnixMicros(StartOfDay(zone, today + 1)))), 1);
  running_.clock().Advance(absl::Hours(6));
  ASSERT_TRUE(notes_->DropNote(running_.As({ROLE_PERSON}).get(), request, &second).ok());
  EXPECT_EQ(second.note_id(), first.note_id()) << "a repeat is found all the same";
}

TEST_P(RpcTest, AReferenceToAPersonIsRefusedInImpersonalWords) {
  tpb::DropNoteRequest request;
  request.set_request_id(NewUuid());
  request.set_text("about " + NewUuid());
  tpb::DropNoteResponse response;
  auto context = running_.As({ROLE_PERSON});
  const absl::Status status = FromWire(notes_->DropNote(context.get(), request, &response));
  ASSERT_EQ(ViolationsOf(status).size(), 1);
  EXPECT_EQ(ViolationsOf(status)[0].field, "text");
}

TEST_P(RpcTest, TheStatusOfTheServiceIsForOperators) {
  auto operations = events::v1::OperationsService::NewStub(running_.channel());
  events::v1::GetStatusResponse status;
  auto context = running_.As({ROLE_OPERATOR});
  ASSERT_TRUE(operations->GetStatus(context.get(), {}, &status).ok());
  EXPECT_EQ(status.service(), "test");
  EXPECT_EQ(status.database(), GetParam());
  EXPECT_TRUE(status.relay().leading());
  EXPECT_EQ(FromProto(status.service_time()), running_.clock().Now());
  context = running_.As({ROLE_STAFF});
  EXPECT_EQ(operations->GetStatus(context.get(), {}, &status).error_code(), grpc::StatusCode::PERMISSION_DENIED);
}

TEST_P(RpcTest, AnOperatorErasesAnEventOnce) {
  tpb::WriteNoteResponse written;
  ASSERT_TRUE(Write(NewNote(), &written).ok());
  auto operations = events::v1::OperationsService::NewStub(running_.channel());
  const Cursor note = HeadOf(running_.db());
  events::v1::EraseEventRequest request;
  request.set_cursor(note.ToString());
  events::v1::EraseEventResponse response;
  EXPECT_EQ(operations->EraseEvent(running_.As({ROLE_STAFF}).get(), request, &response).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
  for (int twice = 0; twice < 2; ++twice) {
    EXPECT_TRUE(operations->EraseEvent(running_.As({ROLE_OPERATOR}).get(), request, &response).ok());
    EXPECT_EQ(HeadOf(running_.db()).position, note.position + 1);
  }
  request.set_cursor("1-1");
  EXPECT_EQ(operations->EraseEvent(running_.As({ROLE_OPERATOR}).get(), request, &response).error_code(),
            grpc::StatusCode::NOT_FOUND);
  request.set_cursor("");
  EXPECT_EQ(operations->EraseEvent(running_.As({ROLE_OPERATOR}).get(), request, &response).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_P(RpcTest, ParkedEventsOfAllStreamsAreListedInPages) {
  ASSERT_TRUE(running_.db()
                  .Write([&](Tx& tx) -> absl::Status {
                    for (const char* stream : {"mestring:{1108}:b", "mestring:{1108}:a"}) {
                      for (int position = 9; position <= 11; ++position) {
                        TRY(tx.Exec("INSERT INTO parked_event (stream, epoch, position, id, subject, entry, error, "
                                    "attempts, parked_at) VALUES (:stream, 7, :position, 'id', 's', '', 'e', 5, 0)",
                                    stream, position)
                                .status());
                      }
                    }
                    return absl::OkStatus();
                  })
                  .ok());
  auto operations = events::v1::OperationsService::NewStub(running_.channel());
  events::v1::ListParkedEventsRequest request;
  request.set_page_size(2);
  std::string shown;
  do {
    events::v1::ListParkedEventsResponse page;
    auto context = running_.As({ROLE_OPERATOR});
    ASSERT_TRUE(operations->ListParkedEvents(context.get(), request, &page).ok());
    for (const auto& event : page.events())
      absl::StrAppend(&shown, event.stream().substr(event.stream().size() - 1), event.cursor(), " ");
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(shown, "a7-9 a7-10 a7-11 b7-9 b7-10 b7-11 ");
  for (const char* wrong : {"nonsense", ""}) {
    request.set_page_token(PageTokenOf(request, {"mestring:{1108}:a", wrong}));
    events::v1::ListParkedEventsResponse page;
    auto context = running_.As({ROLE_OPERATOR});
    const absl::Status status = FromWire(operations->ListParkedEvents(context.get(), request, &page));
    ASSERT_EQ(ViolationsOf(status).size(), 1) << wrong;
    EXPECT_EQ(ViolationsOf(status)[0].field, "page_token");
  }
}

}  // namespace
}  // namespace mestring
