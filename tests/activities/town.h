// A small town with activities for tests: the activities service started for real, with a policy and code lists, and
// the calls that tests make again and again.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/store/records.h"
#include "mestring/activities/v1/activities.grpc.pb.h"
#include "mestring/activities/v1/activities_events.pb.h"
#include "services/activities/activities.h"
#include "services/activities/activities_rules.h"
#include "services/activities/tables.h"
#include "tests/support/town.h"

namespace mestring::activities {

Who Leader(std::string person_ref);
Who Board();

class Town : public RunningTown<pb::ActivityService> {
 public:
  explicit Town(std::string_view engine, std::function<void(Config&)> adjust = nullptr);

  using RunningTown::GoTo;
  // To a moment instead of a day.
  void GoTo(absl::Time time);

  // Steps on the way, each of which must succeed.
  void SetPolicy(const std::function<void(pb::ActivityPolicy&)>& adjust);
  pb::Activity Activity(pb::ActivityMode mode, pb::Audience audience = pb::AUDIENCE_USER, int modules_required = 0);
  // A session of a new running group with so many seats for users, that many days from now at 18:00, with a leader.
  pb::Session Run(int seats, int days = 7);
  pb::ScheduleSessionsRequest Plan(const pb::Activity& activity, int days, int seats);
  std::vector<pb::Session> Scheduled(const pb::ScheduleSessionsRequest& request);
  void Staffed(const pb::Session& session);
  pb::Enrolment Enrolled(const pb::Session& session, const std::string& person);
  pb::WaitEntry Waiting(const pb::Session& session, const std::string& person);
  void Withdrawn(const pb::Enrolment& enrolment);
  // A camp in four weeks: lodging by the fund, food and travel by the participant, to be paid in two weeks.
  pb::Session Camp();
  // The same shares of a session, to be paid by another day or none.
  pb::Session PayBy(const pb::Session& session, std::string pay_by_date);
  // Somebody who is an activity leader, guided by "test-caller".
  pb::LeaderPath LeaderOf(const std::string& person);
  pb::LeaderPath Wished(const std::string& person, pb::LeaderStep step);
  // A fund with so much in it, and a grant for equipment that somebody eligible asked for.
  pb::Fund FundWith(int64_t amount_ore, int64_t low_balance_ore = 0);
  pb::Grant Requested(const pb::Fund& fund, int64_t amount_ore, const std::string& person = SomePerson());
  pb::Fund Statement(const pb::Fund& fund, std::string date = "");

  // Calls whose answer a test looks at.
  absl::StatusOr<pb::EnrolResponse> Enrol(const pb::Session& session, const Who& who, const std::string& person,
                                          pb::Audience audience = pb::AUDIENCE_USER);
  absl::StatusOr<pb::JoinWaitingListResponse> Join(const pb::Session& session, const std::string& person);
  absl::StatusOr<pb::AnswerSeatOfferResponse> Answer(const pb::WaitEntry& entry, pb::Answer answer);
  absl::StatusOr<pb::RecordAttendanceResponse> Record(const pb::Enrolment& enrolment, int module, bool present,
                                                      std::string reason = "", const Who& who = Staff());
  absl::StatusOr<pb::SetQuotasResponse> SetSeats(const pb::Session& session, int seats);
  absl::StatusOr<pb::RecordOwnSharePaidResponse> Paid(const pb::Enrolment& enrolment);
  absl::StatusOr<pb::DecideGrantResponse> Decide(const pb::Grant& grant, bool approve = true);

  // A resource as it is stored.
  template <class M>
  M Stored(const std::string& id) {
    absl::StatusOr<M> stored = absl::UnknownError("not read");
    const absl::Status read = service().db().Read([&](Tx& tx) { return (stored = Load<M>(tx, id)).status(); });
    return Must(read.ok() ? std::move(stored) : absl::StatusOr<M>(read));
  }
  pb::Session Session(const std::string& id);
  pb::WaitEntryState StateOf(const pb::WaitEntry& entry) { return Stored<pb::WaitEntry>(entry.id()).state(); }

 private:
  int codes_ = 0;
};

}  // namespace mestring::activities
