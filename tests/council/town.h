// A small council for tests: the service started for real, with a mandate, three seats and the annual plan of 2027,
// and the calls that tests make again and again.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "mestring/council/v1/council.grpc.pb.h"
#include "mestring/council/v1/council_events.pb.h"
#include "services/council/council.h"
#include "tests/support/expect.h"
#include "tests/support/town.h"

namespace mestring::council {

Who Secretary();
Who Member(std::string person_ref);
// Somebody from the street.
Who Passer();
// A program that hears the council's events.
Who Subscriber();

// A seat with the persons on it.
struct TestSeat {
  std::string id, principal, deputy, principal_holder, deputy_holder;
};

class Town : public RunningTown<pb::CouncilService> {
 public:
  explicit Town(std::string_view engine, std::function<void(Config&)> adjust = nullptr);

  // Steps on the way, each of which must succeed.
  pb::Seat Registered(pb::SeatKind kind, std::string organisation_id, std::string name);
  pb::SeatHolder Appointed(const std::string& seat_id, pb::HolderRole role, const std::string& person, std::string name,
                           bool employed = false);
  // Goes to the last day of its notice and calls it.
  pb::Meeting Called(const pb::Meeting& meeting);
  // Goes to its day and opens it.
  pb::Meeting Opened(const pb::Meeting& meeting);
  void Present(const pb::Meeting& meeting, const TestSeat& seat, pb::HolderRole role,
               pb::Presence presence = pb::PRESENCE_PRESENT);
  void Apologised(const pb::Meeting& meeting, const TestSeat& seat, pb::HolderRole role);
  pb::AgendaItem Item(const pb::Meeting& meeting, std::string title, std::string suggestion_id = "");
  pb::AgendaItem Discussed(const pb::AgendaItem& item, std::string discussion);
  pb::RecordAdviceResponse Advised(const pb::AgendaItem& item, std::string advice = "So the council advises.");
  pb::Meeting Ended(const pb::Meeting& meeting);
  pb::Minutes Minuted(const pb::Meeting& meeting, std::string correction = "");
  pb::Meeting Closed(const pb::Meeting& meeting);
  pb::Minutes Approved(const pb::Minutes& minutes, const pb::Meeting& at);
  pb::GetMeetingResponse Meeting(const std::string& meeting_id);
  // By seat id: the name of who represents it, "" for nobody.
  std::map<std::string, std::string> Represented(const pb::AgendaItem& item);
  // From the box: returns its id.
  std::string Dropped(std::string text, const std::string& receipt_code);
  void Screened(const std::string& suggestion_id);
  // Screened, advised on at the meeting (which is open), answered yes.
  pb::Suggestion Answered(const std::string& suggestion_id, const pb::Meeting& open_meeting);
  pb::Action ActionFor(const std::string& suggestion_id, std::string owner, std::string due_date);
  pb::Suggestion Suggestion(const std::string& id);
  // Every value of every table, base64 decoded beside it.
  std::string WholeDatabase();

  // Anna with deputy Bo of a user organisation, Cara with deputy Dag of a next-of-kin organisation, and Eva,
  // the unit's leader, who is employed and has no deputy.
  TestSeat user, kin, leader;
  // Of 2027: 10 February, 12 May, 15 September, 24 November.
  std::vector<pb::Meeting> annual_plan;
};

pb::Mandate TestMandate();

}  // namespace mestring::council
