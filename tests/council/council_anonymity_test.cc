// The anonymous box (C12): a scan of everything that a call leaves behind finds nothing that links an
// anonymous suggestion to its caller: no row of any table (the first answers, the access log, the log of
// events among them), no byte of the database's files, no log line, no metric.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "absl/strings/str_split.h"
#include "common/base/dates.h"
#include "tests/council/town.h"
#include "tests/support/tokens.h"

namespace mestring::council {
namespace {

using testing::HasSubstr;
using testing::Not;
using Stub = Town::Stub;

constexpr char kTraceId[] = "4bf92f3577b34da6a3ce929d0e0e4736";

class AnonymityTest : public testing::TestWithParam<const char*> {
 protected:
  // A context of the one who wants not to be known, with everything by which they could be.
  std::unique_ptr<grpc::ClientContext> AsSomebody(Role role = access::v1::ROLE_PERSON) {
    auto context = town_.service().As({role}, person_, "org-of-the-secret", "subject-of-the-secret");
    context->AddMetadata("traceparent", absl::StrCat("00-", kTraceId, "-00f067aa0ba902b7-01"));
    context->AddMetadata("x-forwarded-for", "203.0.113.77");
    context->AddMetadata("user-agent-of-device", "device-of-the-secret");
    return context;
  }

  Town town_{GetParam()};
  const std::string person_ = SomePerson(), code_ = SomePerson();
};

INSTANTIATE_TEST_SUITE_P(Engines, AnonymityTest, testing::ValuesIn(kEngines),
                         [](const auto& info) { return EngineName(info); });

// The hash under which a caller stands in the log lines of ordinary calls.
std::string HashInLog(const std::string& logged) {
  for (const absl::string_view line : absl::StrSplit(logged, '\n')) {
    const size_t at = line.find("\"caller\":\"");
    if (line.find("GetAnnualPlan") != absl::string_view::npos && at != absl::string_view::npos) {
      return std::string(line.substr(at + 10, 16));
    }
  }
  return "";
}

TEST_P(AnonymityTest, NothingLinksASuggestionFromTheBoxToItsCaller) {
  pb::SubmitAnonymousSuggestionRequest drop;
  drop.set_request_id(SomePerson());
  drop.set_text("the running group should also meet on Sundays");
  drop.set_receipt_code(code_);
  pb::GetSuggestionByReceiptRequest follow;
  follow.set_receipt_code(code_);
  pb::AnswerReportBackByReceiptRequest answer;
  answer.set_receipt_code(code_);
  answer.set_confirmed(true);

  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  {
    pb::SubmitAnonymousSuggestionResponse response;
    ASSERT_TRUE(town_.stub().SubmitAnonymousSuggestion(AsSomebody().get(), drop, &response).ok());
    ASSERT_TRUE(town_.stub().SubmitAnonymousSuggestion(AsSomebody().get(), drop, &response).ok()) << "a repeat";
    drop.set_text("01019012480 is a number");
    EXPECT_FALSE(town_.stub().SubmitAnonymousSuggestion(AsSomebody().get(), drop, &response).ok()) << "a refusal";
    EXPECT_FALSE(town_.stub().SubmitAnonymousSuggestion(AsSomebody(access::v1::ROLE_NAV).get(), drop, &response).ok());
  }
  {
    pb::GetSuggestionByReceiptResponse response;
    ASSERT_TRUE(town_.stub().GetSuggestionByReceipt(AsSomebody().get(), follow, &response).ok());
    EXPECT_EQ(response.text(), "the running group should also meet on Sundays");
  }
  const std::string id = town_.EventsOf<pb::SuggestionReceived>().at(0).suggestion_id();
  town_.Answered(id, town_.Opened(town_.Called(town_.annual_plan[0])));
  pb::ReportBackRequest report;
  report.set_suggestion_id(id);
  report.set_report("They do now.");
  ASSERT_TRUE(town_.Call(&Stub::ReportBack, Secretary(), report).ok());
  {
    pb::AnswerReportBackByReceiptResponse response;
    answer.set_request_id(SomePerson());
    ASSERT_TRUE(town_.stub().AnswerReportBackByReceipt(AsSomebody().get(), answer, &response).ok());
    EXPECT_EQ(response.state(), pb::SUGGESTION_STATE_CONFIRMED);
  }
  const std::string anonymous_lines = testing::internal::GetCapturedStdout() + testing::internal::GetCapturedStderr();

  // An ordinary call of the same caller, to learn under which hash they stand in log lines.
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  pb::GetAnnualPlanRequest annual_plan;
  annual_plan.set_year(2027);
  pb::GetAnnualPlanResponse year;
  ASSERT_TRUE(town_.stub().GetAnnualPlan(AsSomebody().get(), annual_plan, &year).ok());
  const std::string hash = HashInLog(testing::internal::GetCapturedStdout() + testing::internal::GetCapturedStderr());
  ASSERT_EQ(hash.size(), 16);

  const std::string stored = town_.WholeDatabase();
  std::string metrics;
  ASSERT_TRUE(town_.service().server().metrics_port() > 0);
  metrics = HttpGet(town_.service().server().metrics_port(), "/metrics");
  EXPECT_THAT(anonymous_lines, HasSubstr("SubmitAnonymousSuggestion"));
  EXPECT_THAT(metrics, HasSubstr("SubmitAnonymousSuggestion"));
  EXPECT_THAT(stored, HasSubstr(id));
  for (const std::string& trail : {person_, code_, hash, std::string(kTraceId), std::string("subject-of-the-secret"),
                                   std::string("org-of-the-secret"), std::string("device-of-the-secret"),
                                   std::string("203.0.113.77"), std::string("127.0.0.1"), std::string("ipv4:")}) {
    EXPECT_THAT(stored, Not(HasSubstr(trail))) << "in the database";
    EXPECT_THAT(anonymous_lines, Not(HasSubstr(trail))) << "in a log line";
    EXPECT_THAT(metrics, Not(HasSubstr(trail))) << "in a metric";
  }
  EXPECT_THAT(anonymous_lines, Not(HasSubstr(drop.request_id()))) << "the device may know it";
  EXPECT_THAT(anonymous_lines, Not(HasSubstr("PERSON"))) << "there may be few of a role";

  if (std::string_view(GetParam()) == "sqlite") {
    // Nor in what the engine writes beside its tables.
    for (const auto& file :
         std::filesystem::directory_iterator(std::filesystem::path(town_.service().database().path()).parent_path())) {
      std::ifstream in(file.path(), std::ios::binary);
      const std::string bytes(std::istreambuf_iterator<char>(in), {});
      for (const std::string& trail : {person_, code_, hash, std::string("subject-of-the-secret")}) {
        EXPECT_THAT(bytes, Not(HasSubstr(trail))) << file.path().filename();
      }
    }
  }
}

// S7: whoever knows when a device was used must not find that moment again.
TEST_P(AnonymityTest, NothingTellsTheMomentOfASuggestionFromTheBoxNorOfItsAnswer) {
  std::vector<absl::Time> moments;
  const auto later = [&] {
    town_.service().clock().Advance(absl::Minutes(37) + absl::Microseconds(1234567));
    moments.push_back(town_.service().clock().Now());
  };
  later();
  pb::SubmitAnonymousSuggestionRequest drop;
  drop.set_request_id(NewId(moments.back()));
  drop.set_text("the running group should also meet on Sundays");
  drop.set_receipt_code(code_);
  Must(town_.Call(&Stub::SubmitAnonymousSuggestion, Passer(), drop));
  town_.service().clock().Advance(absl::Minutes(1));  // what is done here afterwards has its own moment
  const std::string receive_date = town_.Today();
  const std::string id = town_.EventsOf<pb::SuggestionReceived>().at(0).suggestion_id();
  EXPECT_EQ(id[14], '4') << "a random id: " << id;
  const auto begin_of = [&](const std::string& date) { return StartOfDay(town_.service().db().zone(), Day(date)); };
  const pb::Suggestion dropped = town_.Suggestion(id);
  EXPECT_EQ(FromProto(dropped.create_time()), begin_of(receive_date));
  EXPECT_EQ(FromProto(dropped.update_time()), begin_of(receive_date));
  EXPECT_EQ(dropped.receive_date(), receive_date);

  town_.Answered(id, town_.Opened(town_.Called(town_.annual_plan[0])));
  pb::ReportBackRequest report;
  report.set_suggestion_id(id);
  report.set_report("They do now.");
  ASSERT_TRUE(town_.Call(&Stub::ReportBack, Secretary(), report).ok());
  later();
  pb::AnswerReportBackByReceiptRequest answer;
  answer.set_request_id(NewId(moments.back()));
  answer.set_receipt_code(code_);
  answer.set_confirmed(true);
  Must(town_.Call(&Stub::AnswerReportBackByReceipt, Passer(), answer));
  town_.service().clock().Advance(absl::Minutes(1));
  EXPECT_EQ(FromProto(town_.Suggestion(id).update_time()), begin_of(town_.Today()));
  int told = 0;
  for (const events::v1::Event& event : town_.Events()) {
    const std::string_view name = std::string_view(event.type()).substr(event.type().rfind('.') + 1);
    if (name != "SuggestionReceived" && name != "SuggestionConfirmed") continue;
    ++told;
    EXPECT_EQ(event.id()[14], '4') << name;
    EXPECT_EQ(FromProto(event.time()), begin_of(name == "SuggestionReceived" ? receive_date : town_.Today())) << name;
  }
  EXPECT_EQ(told, 2);
  const std::string stored = town_.WholeDatabase();
  for (const absl::Time moment : moments) {
    const std::string micros = absl::StrCat(absl::ToUnixMicros(moment));
    EXPECT_THAT(stored, Not(HasSubstr(micros)));
    EXPECT_THAT(stored, Not(HasSubstr(NewId(moment).substr(0, 13)))) << "as the beginning of an id";
  }
}

// S7
TEST_P(AnonymityTest, ListsTellNoOrderOfArrivalAndPagesMissNone) {
  std::vector<std::string> arrived;
  for (int i = 0; i < 10; ++i) {  // as many as the mandate lets wait
    town_.service().clock().Advance(absl::Minutes(1));
    arrived.push_back(town_.Dropped(absl::StrCat("suggestion number ", i), SomePerson()));
  }
  std::vector<std::string> listed;
  pb::ListSuggestionsRequest list;
  list.set_page_size(4);
  do {
    const auto page = Must(town_.Call(&Stub::ListSuggestions, Secretary(), list));
    for (const pb::Suggestion& suggestion : page.suggestions()) listed.push_back(suggestion.id());
    list.set_page_token(page.next_page_token());
  } while (!list.page_token().empty());
  EXPECT_THAT(listed, testing::UnorderedElementsAreArray(arrived));
  EXPECT_NE(listed, arrived) << "by chance once in 3628800 runs";
  const auto open = Must(town_.Call(&Stub::ListOpenLoops, Secretary(), pb::ListOpenLoopsRequest()));
  std::vector<std::string> loops;
  for (const pb::OpenLoop& loop : open.open_loops()) loops.push_back(loop.suggestion_id());
  EXPECT_EQ(loops, listed);
}

// The scan can find what it looks for: a suggestion of one's own is linked to who makes it, on purpose.
TEST_P(AnonymityTest, TheScanFindsTheCallerOfAnOrdinarySuggestion) {
  pb::AddSuggestionRequest add;
  add.set_request_id(SomePerson());
  add.set_text("the running group should also meet on Sundays");
  pb::AddSuggestionResponse response;
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  ASSERT_TRUE(town_.stub().AddSuggestion(AsSomebody(access::v1::ROLE_COUNCIL_SECRETARY).get(), add, &response).ok());
  const std::string lines = testing::internal::GetCapturedStdout() + testing::internal::GetCapturedStderr();
  EXPECT_THAT(lines, HasSubstr(kTraceId));
  const std::string stored = town_.WholeDatabase();
  for (const std::string& trail : {person_, std::string("subject-of-the-secret"), std::string(kTraceId)}) {
    EXPECT_THAT(stored, HasSubstr(trail));
  }
}

}  // namespace
}  // namespace mestring::council
