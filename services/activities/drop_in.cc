// Drop-in without a name: headcounts, visit cards, and the figures of a period.
//
// The problem is to count different people without being able to say who came. A card is a random token that somebody
// keeps; nobody writes down whose it is, and IssueVisitCards stores nothing. A card that is shown is stored as its hash
// under the key of the period: one person has one hash within a period and another in the next. When the period closes,
// all of it is destroyed (period_changes.cc).
//
// Counting in memory would leave nothing to delete and would lose the week in a restart. No query can read what an
// engine keeps of deleted rows until it uses their pages again.

#include <array>
#include <set>
#include <utility>

#include "common/base/digest.h"
#include "common/base/ids.h"
#include "common/base/random.h"
#include "mestring/activities/v1/activities_events.pb.h"
#include "services/activities/activities.h"
#include "services/activities/period_changes.h"
#include "services/activities/period_rules.h"
#include "services/activities/reads.h"

namespace mestring::activities {
namespace {

// 128 random bits: they never repeat and nobody can guess them.
constexpr size_t kTokenBytes = 16;

// Letters only, two for a byte, so that no part of a token looks like a national identity number.
std::string NewToken() {
  std::array<uint8_t, kTokenBytes> bytes;
  FillRandom(absl::MakeSpan(bytes));
  std::string token;
  for (uint8_t byte : bytes) {
    token.push_back(static_cast<char>('a' + byte / 16));
    token.push_back(static_cast<char>('a' + byte % 16));
  }
  return token;
}

// The open period that includes the day of a session.
absl::StatusOr<std::optional<pb::Period>> OpenPeriodOf(Tx& tx, const pb::Session& session) {
  const std::string date = DayOf(tx, FromProto(session.start_time()));
  return Find<pb::Period>(
      tx, absl::StrCat("WHERE from_date <= :date1 AND to_date >= :date2 AND ", InState(pb::PERIOD_STATE_OPEN)), date,
      date);
}

absl::StatusOr<pb::DropInTally> TallyOf(Tx& tx, const pb::Session& session, const pb::Period& period) {
  ASSIGN(std::optional<pb::DropInTally> known, Find<pb::DropInTally>(tx, "WHERE session_id = :session", session.id()));
  if (known) return *std::move(known);
  pb::DropInTally tally;
  tally.set_id(NewId(tx.now()));
  tally.set_session_id(session.id());
  tally.set_period_id(period.id());
  TRY(Insert(tx, tally));
  return tally;
}

}  // namespace

absl::Status Activities::OpenPeriod(Tx& tx, Call&, const pb::OpenPeriodRequest& request,
                                    pb::OpenPeriodResponse* response) {
  ASSIGN(const bool overlaps,
         Exists<pb::Period>(tx, "WHERE from_date <= :to AND to_date >= :from", request.to_date(), request.from_date()));
  TRY(MayOpen(request, overlaps, Today(tx)));
  ASSIGN(const pb::ActivityPolicy policy, CurrentPolicy(tx));
  pb::Period period = NewPeriod(NewId(tx.now()), request, policy);
  TRY(Insert(tx, period));
  TRY(tx.Exec("INSERT INTO period_keys (period_id, secret) VALUES (:period, :secret)", period.id(), NewToken())
          .status());
  TRY(tx.Schedule(kPeriodTimer, period.id(), EndOf(tx, PlusDays(period.to_date(), policy.period_close_days()))));
  pb::PeriodOpened event;
  event.set_period_id(period.id());
  event.set_from_date(period.from_date());
  event.set_to_date(period.to_date());
  TRY(tx.Publish(event, period));
  *response->mutable_period() = std::move(period);
  return absl::OkStatus();
}

absl::Status Activities::IssueVisitCards(Tx&, Call&, const pb::IssueVisitCardsRequest& request,
                                         pb::IssueVisitCardsResponse* response) {
  for (int i = 0; i < request.number(); ++i) response->add_card_tokens(NewToken());
  return absl::OkStatus();
}

absl::Status Activities::RecordDropIn(Tx& tx, Call& call, const pb::RecordDropInRequest& request,
                                      pb::RecordDropInResponse* response) {
  ASSIGN(const pb::Session session, Load<pb::Session>(tx, request.session_id()));
  TRY(MayWorkWith(tx, call.caller, session.id()));
  ASSIGN(const std::optional<pb::Period> period, OpenPeriodOf(tx, session));
  TRY(MayCount(session, period.has_value(), tx.now()));
  ASSIGN(pb::DropInTally tally, TallyOf(tx, session, *period));
  ASSIGN(const auto secret,
         tx.Query<std::string>("SELECT secret FROM period_keys WHERE period_id = :period", period->id()));
  if (secret.empty()) return Refused("NO_OPEN_PERIOD", "the period is closed; open a new one");
  for (const std::string& token : request.card_tokens()) {
    TRY(tx.Exec("INSERT INTO drop_in_visits (period_id, card, session_id) VALUES (:period, :card, :session) "
                "ON CONFLICT DO NOTHING",
                period->id(), KeyedHash(std::get<0>(secret.front()), token), session.id())
            .status());
  }
  ASSIGN(const auto counted,
         tx.Query<int64_t>("SELECT COUNT(*) FROM drop_in_visits WHERE session_id = :session", session.id()));
  const int64_t cards = std::get<0>(counted.front());
  TRY(CheckHeadcount(request.headcount(), cards));
  tally.set_headcount(request.headcount());
  tally.set_cards(static_cast<int>(cards));
  TRY(Save(tx, tally));
  pb::DropInRecorded event;
  event.set_drop_in_tally_id(tally.id());
  event.set_session_id(session.id());
  event.set_period_id(period->id());
  TRY(tx.Publish(event, tally));
  *response->mutable_tally() = std::move(tally);
  return absl::OkStatus();
}

absl::Status Activities::ClosePeriod(Tx& tx, Call&, const pb::ClosePeriodRequest& request,
                                     pb::ClosePeriodResponse* response) {
  ASSIGN(pb::Period period, AtVersion(request.expected_version(), Load<pb::Period>(tx, request.period_id())));
  TRY(MayClose(period, Today(tx)));
  TRY(activities::ClosePeriod(tx, &period));
  *response->mutable_period() = std::move(period);
  return absl::OkStatus();
}

absl::Status Activities::GetPeriodStatistics(Tx& tx, Call&, const pb::GetPeriodStatisticsRequest& request,
                                             pb::GetPeriodStatisticsResponse* response) {
  if (request.period_id().empty()) {
    ASSIGN(*response->mutable_period(),
           OrNotFound(Find<pb::Period>(
               tx, absl::StrCat("WHERE ", InState(pb::PERIOD_STATE_CLOSED), " ORDER BY from_date DESC LIMIT 1"))));
  } else {
    ASSIGN(*response->mutable_period(), Load<pb::Period>(tx, request.period_id()));
  }
  constexpr int kMonthsBack = -12;
  const std::string before = PlusMonths(response->period().from_date(), kMonthsBack);
  ASSIGN(std::vector<pb::Period> earlier,
         Select<pb::Period>(
             tx, absl::StrCat("WHERE from_date <= :date1 AND to_date >= :date2 AND ", InState(pb::PERIOD_STATE_CLOSED)),
             before, before));
  if (!earlier.empty()) *response->mutable_year_before() = std::move(earlier.front());
  return absl::OkStatus();
}

absl::Status Activities::ListPeriods(Tx& tx, Call&, const pb::ListPeriodsRequest& request,
                                     pb::ListPeriodsResponse* response) {
  Filter filter;
  filter.IsState("state", request.state());
  return ListPage(tx, std::move(filter), request, response->mutable_periods(), response);
}

}  // namespace mestring::activities
