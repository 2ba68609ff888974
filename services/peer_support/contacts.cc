// What the service stores about contacts: that they happened, and who sits in which group with whose consent.
//
// No field takes what was said, so nothing can leak and nobody must decide who may read it. A contact is not deleted
// but withdrawn, so that the hours of a period can be explained later. Seats in a responsibility group belong to the
// match: they go on hold with it and end with it (P10). An independent seat, which somebody must remember to end, would
// outlive the consent.

#include <utility>

#include "common/base/ids.h"
#include "mestring/peer_support/v1/peer_support_events.pb.h"
#include "services/peer_support/contact_rules.h"
#include "services/peer_support/group_changes.h"
#include "services/peer_support/match_rules.h"
#include "services/peer_support/peer_support.h"
#include "services/peer_support/reads.h"

namespace mestring::peer_support {
namespace {

absl::StatusOr<int64_t> SeatsIn(Tx& tx, std::string_view group_id) {
  ASSIGN(const auto rows,
         tx.Query<int64_t>(
             absl::StrCat("SELECT COUNT(*) FROM group_seats WHERE self_help_group_id = :group AND ", LiveSeats()),
             group_id));
  return std::get<0>(rows.front());
}

// Whether a person has a live seat of a match or in a group; `column` says which.
absl::StatusOr<bool> IsSeated(Tx& tx, std::string_view person_ref, std::string_view column, std::string_view id) {
  return Exists<pb::GroupSeat>(tx, absl::StrCat("WHERE ", column, " = :id AND person_ref = :person AND ", LiveSeats()),
                               id, person_ref);
}

// The latest day on which the two had contact; "" if there was none.
absl::StatusOr<std::string> LastContact(Tx& tx, std::string_view match_id) {
  ASSIGN(const auto rows,
         tx.Query<std::string>(
             absl::StrCat("SELECT MAX(contact_date) FROM contacts WHERE match_id = :match AND met = 1 AND ",
                          InState(pb::CONTACT_STATE_RECORDED)),
             match_id));
  return std::get<0>(rows.front());
}

absl::Status SaveLastContact(Tx& tx, pb::Match* match) {
  ASSIGN(std::string last, LastContact(tx, match->id()));
  if (last == match->last_contact_date()) return absl::OkStatus();
  match->set_last_contact_date(std::move(last));
  return Save(tx, *match);
}

}  // namespace

absl::Status PeerSupport::LogContact(Tx& tx, Call& call, const pb::LogContactRequest& request,
                                     pb::LogContactResponse* response) {
  TRY(Check(request));
  ASSIGN(pb::Match match, AtVersion(request.expected_version(), LoadVisible<pb::Match>(tx, call, request.match_id())));
  const std::string date = OrToday(tx, request.contact_date());
  TRY(MayLog(match, date, Today(tx)));
  ASSIGN(const pb::Peer peer, Load<pb::Peer>(tx, match.peer_id()));
  pb::Contact contact = NewContact(NewId(tx.now()), request, match, peer, date);
  TRY(Insert(tx, contact));
  TRY(SaveLastContact(tx, &match));
  pb::ContactLogged event;
  event.set_contact_id(contact.id());
  event.set_match_id(match.id());
  event.set_person_ref(contact.person_ref());
  event.set_contact_date(contact.contact_date());
  event.set_met(contact.met());
  TRY(tx.Publish(event, contact));
  *response->mutable_contact() = std::move(contact);
  return absl::OkStatus();
}

absl::Status PeerSupport::WithdrawContact(Tx& tx, Call& call, const pb::WithdrawContactRequest& request,
                                          pb::WithdrawContactResponse* response) {
  ASSIGN(pb::Contact contact,
         AtVersion(request.expected_version(), LoadVisible<pb::Contact>(tx, call, request.contact_id())));
  TRY(MayWithdraw(contact));
  contact.set_state(pb::CONTACT_STATE_WITHDRAWN);
  TRY(Save(tx, contact));
  ASSIGN(pb::Match match, Load<pb::Match>(tx, contact.match_id()));
  TRY(SaveLastContact(tx, &match));
  pb::ContactWithdrawn event;
  event.set_contact_id(contact.id());
  event.set_match_id(contact.match_id());
  event.set_person_ref(contact.person_ref());
  TRY(tx.Publish(event, contact));
  *response->mutable_contact() = std::move(contact);
  return absl::OkStatus();
}

absl::Status PeerSupport::ListContacts(Tx& tx, Call& call, const pb::ListContactsRequest& request,
                                       pb::ListContactsResponse* response) {
  TRY(LoadVisible<pb::Match>(tx, call, request.match_id()).status());
  return ListPage(tx, Filter().Is("match_id", request.match_id()), request, response->mutable_contacts(), response,
                  {.descending = true});
}

absl::Status PeerSupport::OpenGroup(Tx& tx, Call& call, const pb::OpenGroupRequest& request,
                                    pb::OpenGroupResponse* response) {
  ASSIGN(const pb::Peer peer, LoadVisible<pb::Peer>(tx, call, request.peer_id()));
  ASSIGN(const std::optional<pb::Guide> guide, GuideOf(tx, peer));
  TRY(MayTakeSomebody(peer, guide ? &*guide : nullptr, Today(tx)));
  pb::SelfHelpGroup group;
  group.set_id(NewId(tx.now()));
  group.set_state(pb::SELF_HELP_GROUP_STATE_OPEN);
  group.set_name(request.name());
  group.set_peer_id(peer.id());
  group.set_experience(request.experience());
  TRY(Insert(tx, group));
  pb::GroupOpened event;
  event.set_self_help_group_id(group.id());
  event.set_peer_id(group.peer_id());
  TRY(tx.Publish(event, group));
  *response->mutable_group() = std::move(group);
  return absl::OkStatus();
}

absl::Status PeerSupport::CloseGroup(Tx& tx, Call& call, const pb::CloseGroupRequest& request,
                                     pb::CloseGroupResponse* response) {
  ASSIGN(pb::SelfHelpGroup group,
         AtVersion(request.expected_version(), Load<pb::SelfHelpGroup>(tx, request.self_help_group_id())));
  TRY(MayClose(group));
  TRY(EndGroup(tx, &group, &call));
  *response->mutable_group() = std::move(group);
  return absl::OkStatus();
}

absl::Status PeerSupport::ListGroups(Tx& tx, Call&, const pb::ListGroupsRequest& request,
                                     pb::ListGroupsResponse* response) {
  Filter filter;
  filter.IsState("state", pb::SELF_HELP_GROUP_STATE_OPEN).IsState("experience", request.experience());
  TRY(ListPage(tx, filter, request, response->mutable_groups(), response));
  for (pb::SelfHelpGroup& group : *response->mutable_groups()) {
    ASSIGN(const int64_t seats, SeatsIn(tx, group.id()));
    group.set_seats(static_cast<int32_t>(seats));
  }
  return absl::OkStatus();
}

absl::Status PeerSupport::JoinGroup(Tx& tx, Call& call, const pb::JoinGroupRequest& request,
                                    pb::JoinGroupResponse* response) {
  TRY(MayActFor(call.caller, request.person_ref()));
  TRY(CheckHappened(request.consent_date(), Today(tx)));
  pb::GroupSeat seat;
  seat.set_id(NewId(tx.now()));
  seat.set_state(pb::GROUP_SEAT_STATE_ACTIVE);
  seat.set_person_ref(request.person_ref());
  seat.set_consent_date(request.consent_date());
  if (!request.match_id().empty()) {
    ASSIGN(const pb::Match match, LoadVisible<pb::Match>(tx, call, request.match_id()));
    TRY(MayDecideAbout(call.caller, match.peer_person_ref()));
    ASSIGN(const bool seated, IsSeated(tx, request.person_ref(), "match_id", match.id()));
    TRY(MaySeat(match, request.person_ref(), seated));
    seat.set_kind(pb::GROUP_SEAT_KIND_RESPONSIBILITY_GROUP);
    seat.set_match_id(match.id());
    seat.set_peer_id(match.peer_id());
    seat.set_peer_person_ref(match.peer_person_ref());
  } else {
    ASSIGN(const pb::SelfHelpGroup group, Load<pb::SelfHelpGroup>(tx, request.self_help_group_id()));
    ASSIGN(const pb::Peer leader, Load<pb::Peer>(tx, group.peer_id()));
    ASSIGN(const bool seated, IsSeated(tx, request.person_ref(), "self_help_group_id", group.id()));
    TRY(MayJoin(group, leader, request.person_ref(), seated));
    seat.set_kind(pb::GROUP_SEAT_KIND_SELF_HELP);
    seat.set_self_help_group_id(group.id());
    seat.set_peer_id(leader.id());
    seat.set_peer_person_ref(leader.person_ref());
  }
  TRY(Insert(tx, seat));
  pb::GroupSeatJoined event;
  event.set_group_seat_id(seat.id());
  event.set_kind(seat.kind());
  event.set_person_ref(seat.person_ref());
  event.set_self_help_group_id(seat.self_help_group_id());
  event.set_match_id(seat.match_id());
  event.set_peer_person_ref(seat.peer_person_ref());
  TRY(tx.Publish(event, seat));
  *response->mutable_group_seat() = std::move(seat);
  return absl::OkStatus();
}

absl::Status PeerSupport::LeaveGroup(Tx& tx, Call& call, const pb::LeaveGroupRequest& request,
                                     pb::LeaveGroupResponse* response) {
  ASSIGN(pb::GroupSeat seat,
         AtVersion(request.expected_version(), LoadVisible<pb::GroupSeat>(tx, call, request.group_seat_id())));
  TRY(MayLeave(seat));
  TRY(EndSeat(tx, &seat));
  *response->mutable_group_seat() = std::move(seat);
  return absl::OkStatus();
}

absl::Status PeerSupport::ListGroupSeats(Tx& tx, Call& call, const pb::ListGroupSeatsRequest& request,
                                         pb::ListGroupSeatsResponse* response) {
  Filter filter = VisibleTo(call.caller, true);
  filter.Is("person_ref", request.person_ref())
      .Is("self_help_group_id", request.self_help_group_id())
      .Is("peer_id", request.peer_id())
      .IsState("state", request.state());
  return ListPage(tx, filter, request, response->mutable_group_seats(), response);
}

}  // namespace mestring::peer_support
