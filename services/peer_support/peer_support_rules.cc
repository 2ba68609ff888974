#include "services/peer_support/peer_support_rules.h"

// The rules in the order of things: who a peer is and how long, who guides them, who meets whom, what is
// kept of it, and what is asked of everybody afterwards. Each function says its rule first, with its
// source, and then does it in the same order.
//
// They hide nothing: what a rule needs to know is a parameter, so that a test can put any case before
// them. What is a question to many rows (how many people has this peer, is there a conflict) is asked in
// SQL by the use cases and handed in. The alternative, a rule that loads what it needs, could be tried
// only with a database.

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/base/errors.h"
#include "common/base/field_rules.h"
#include "services/shared/figures.h"

namespace mestring::peer_support {
namespace {

using access::v1::ROLE_NEXT_OF_KIN;
using access::v1::ROLE_PEER;
using access::v1::ROLE_PERSON;
using access::v1::ROLE_SERVICE;
using access::v1::ROLE_STAFF;
using access::v1::ROLE_UNIT_LEADER;

// SHA-256 in hexadecimal.
constexpr size_t kDigestLength = 64;

absl::Status NotAvailable(std::string_view missing) {
  return Refused("PEER_NOT_AVAILABLE", "the peer cannot stand beside somebody new now",
                 {{"missing", std::string(missing)}});
}

absl::Status WishNotMet(std::string_view wish) {
  return Refused("WISH_NOT_MET", "the peer is not what the person wished for", {{"wish", std::string(wish)}});
}

absl::Status OwnCase(std::string_view sentence) { return Refused("OWN_CASE", sentence); }

absl::Status SeatTaken() { return Refused("SEAT_TAKEN", "there is such a seat already"); }

bool Counts(const pb::Requirement& record, std::string_view date) {
  if (record.outcome() == pb::REQUIREMENT_OUTCOME_NOT_MET) return false;
  return record.judged_date() <= date && (record.valid_until().empty() || record.valid_until() >= date);
}

// Of one kind the last judgement counts; hours of a course add up.
bool IsMet(pb::RequirementKind kind, const pb::PeerRules& rules, const std::vector<pb::Requirement>& records,
           std::string_view date) {
  const pb::Requirement* last = nullptr;
  int hours = 0;
  bool exempted = false;
  for (const pb::Requirement& record : records) {
    if (record.kind() != kind || record.judged_date() > date) continue;
    if (last == nullptr || std::pair(record.judged_date(), record.id()) > std::pair(last->judged_date(), last->id())) {
      last = &record;
    }
    if (!Counts(record, date)) continue;
    hours += record.hours();
    exempted = exempted || record.outcome() == pb::REQUIREMENT_OUTCOME_EXEMPTED;
  }
  if (kind == pb::REQUIREMENT_KIND_COURSE_HOURS) {
    return exempted || (last != nullptr && hours >= rules.course_hours_min());
  }
  return last != nullptr && Counts(*last, date);
}

// The last day on which all that an approval from `from` on rests on still counts, at most `until`. On its first day
// it does: what ran out before has been replaced, and a gap that lies behind ends nothing.
std::string RestsUntil(const pb::PeerRules& rules, const std::vector<pb::Requirement>& records, std::string_view from,
                       std::string until) {
  std::set<std::string> ends;
  for (const pb::Requirement& record : records) {
    const std::string& end = record.valid_until();
    if (!end.empty() && end >= from && end < until) ends.insert(end);
  }
  for (const std::string& end : ends) {
    if (!CheckRequirements(rules, records, PlusDays(end, 1)).ok()) return end;
  }
  return until;
}

bool IsOneOf(pb::Experience has, pb::Experience wanted) {
  return has == wanted || has == pb::EXPERIENCE_BOTH || wanted == pb::EXPERIENCE_UNSPECIFIED;
}

// The first day that a renewal adds.
std::string NewTermFrom(const pb::Peer& peer, std::string_view today) {
  const bool runs = !peer.valid_until().empty() && peer.valid_until() >= today;
  return runs ? PlusDays(peer.valid_until(), 1) : std::string(today);
}

}  // namespace

// ---- Who sees what ---------------------------------------------------------------------------------

bool WorksWithPeers(const Caller& caller) { return caller.IsAny({ROLE_STAFF, ROLE_UNIT_LEADER, ROLE_SERVICE}); }

bool IsPerson(const Caller& caller, std::string_view person_ref) {
  return caller.IsAny({ROLE_PERSON, ROLE_NEXT_OF_KIN}) && caller.IsSelf(person_ref);
}

bool IsPeer(const Caller& caller, std::string_view peer_person_ref) {
  return caller.Is(ROLE_PEER) && caller.IsSelf(peer_person_ref);
}

// A peer sees themself and those they stand beside, never another peer (casa#5511, volunteers of
// others leaked). A person sees what is theirs.

absl::Status MaySee(const Caller& caller, const pb::Peer& peer) {
  if (WorksWithPeers(caller) || IsPeer(caller, peer.person_ref())) return absl::OkStatus();
  return NotFound("peer");
}

absl::Status MaySee(const Caller& caller, const pb::PeerRequest& request) {
  if (WorksWithPeers(caller) || IsPerson(caller, request.person_ref())) return absl::OkStatus();
  return NotFound("request");
}

absl::Status MaySee(const Caller& caller, const pb::Proposal& proposal) {
  if (WorksWithPeers(caller) || IsPerson(caller, proposal.person_ref()) || IsPeer(caller, proposal.peer_person_ref())) {
    return absl::OkStatus();
  }
  return NotFound("proposal");
}

absl::Status MaySee(const Caller& caller, const pb::Match& match) {
  if (WorksWithPeers(caller) || IsPerson(caller, match.person_ref()) || IsPeer(caller, match.peer_person_ref())) {
    return absl::OkStatus();
  }
  return NotFound("match");
}

absl::Status MaySee(const Caller& caller, const pb::Contact& contact) {
  if (WorksWithPeers(caller) || IsPerson(caller, contact.person_ref()) || IsPeer(caller, contact.peer_person_ref())) {
    return absl::OkStatus();
  }
  return NotFound("contact");
}

absl::Status MaySee(const Caller& caller, const pb::GroupSeat& seat) {
  if (WorksWithPeers(caller) || IsPerson(caller, seat.person_ref()) || IsPeer(caller, seat.peer_person_ref())) {
    return absl::OkStatus();
  }
  return NotFound("seat");
}

// Else the access log of one side would name the other.
bool IsHiddenFrom(std::string_view person_ref, const Caller& caller, const pb::Proposal& proposal) {
  if (WorksWithPeers(caller) || KnowEachOther(proposal.state())) return false;
  const pb::MatchSide side = SideOf(caller, proposal.person_ref(), proposal.peer_person_ref());
  return (side == pb::MATCH_SIDE_PERSON && person_ref == proposal.peer_person_ref()) ||
         (side == pb::MATCH_SIDE_PEER && person_ref == proposal.person_ref());
}

pb::MatchSide SideOf(const Caller& caller, std::string_view person_ref, std::string_view peer_person_ref) {
  if (IsPerson(caller, person_ref)) return pb::MATCH_SIDE_PERSON;
  if (IsPeer(caller, peer_person_ref)) return pb::MATCH_SIDE_PEER;
  return pb::MATCH_SIDE_UNIT;
}

absl::Status MayActFor(const Caller& caller, std::string_view person_ref) {
  return WorksWithPeers(caller) || IsPerson(caller, person_ref) ? absl::OkStatus() : NotFound("person");
}

// [P7] A peer has no decision authority (autoimmunlever.no). One person may wear many hats (S2), so the
// role alone does not say it: who is approved or stopped, whom they can take and who guides them is decided by
// somebody else, and so is it somebody else who passes on what a person says to having them as their peer.
absl::Status MayDecideAbout(const Caller& caller, std::string_view person_ref) {
  return caller.IsSelf(person_ref) ? OwnCase("nobody decides about themself") : absl::OkStatus();
}

// ---- Shapes ----------------------------------------------------------------------------------------

absl::Status Check(const pb::SetPeerRulesRequest& request) {
  std::set<int> kinds;
  for (int kind : request.peer_rules().requirements()) {
    if (kind == pb::REQUIREMENT_KIND_UNSPECIFIED || !kinds.insert(kind).second) {
      return InvalidArgument("peer_rules.requirements", "must name each kind at most once");
    }
  }
  return absl::OkStatus();
}

// An exemption has an end (CareTogether, exemptions with expiry); only a course has hours.
absl::Status Check(const pb::RecordRequirementRequest& request) {
  if (request.outcome() == pb::REQUIREMENT_OUTCOME_EXEMPTED && request.valid_until().empty()) {
    return InvalidArgument("valid_until", "an exemption has an end");
  }
  const bool has_hours =
      request.kind() == pb::REQUIREMENT_KIND_COURSE_HOURS && request.outcome() == pb::REQUIREMENT_OUTCOME_MET;
  if (has_hours != (request.hours() > 0)) {
    return InvalidArgument("hours", "are those of course hours that are met, and of nothing else");
  }
  return absl::OkStatus();
}

absl::Status Check(const pb::StopPeerRequest& request) {
  if (request.kind() == pb::STOP_KIND_OPT_OUT) return InvalidArgument("kind", "opting out is the peer's own: OptOut");
  return absl::OkStatus();
}

absl::Status Check(const pb::RequestPeerRequest& request) {
  if (request.asks_as() == pb::EXPERIENCE_BOTH) return InvalidArgument("asks_as", "must be one of the two");
  return absl::OkStatus();
}

absl::Status Check(const pb::LogContactRequest& request) {
  if (request.met() != (request.minutes() > 0)) return InvalidArgument("minutes", "are those that the two met");
  return absl::OkStatus();
}

absl::Status Check(const pb::OpenEvaluationRequest& request) {
  if (!EachOnce(request.questions(), &pb::EvaluationQuestion::code)) {
    return InvalidArgument("questions", "must not name a code twice");
  }
  return absl::OkStatus();
}

absl::Status Check(const pb::InviteToEvaluationRequest& request) {
  std::set<std::string_view> digests;
  for (const std::string& digest : request.code_digests()) {
    const bool is_digest = digest.size() == kDigestLength && std::all_of(digest.begin(), digest.end(), [](char c) {
                             return absl::ascii_isdigit(c) || (c >= 'a' && c <= 'f');
                           });
    if (!is_digest) return InvalidArgument("code_digests", "must be SHA-256 digests, 64 lower-case hexadecimal digits");
    if (!digests.insert(digest).second) return InvalidArgument("code_digests", "must not name a digest twice");
  }
  return absl::OkStatus();
}

absl::Status CheckHappened(std::string_view date, std::string_view today) {
  return date > today ? Refused("NOT_YET", "the date lies ahead") : absl::OkStatus();
}

std::string LanguageOf(std::string_view code) { return absl::StrReplaceAll(absl::AsciiStrToLower(code), {{"_", "-"}}); }

// ---- Becoming and being a peer ---------------------------------------------------------------------

// Whoever leads an activity has shown that they want to, not yet that they may: a prospect like others (S1).
pb::Peer NewPeer(std::string id, std::string_view person_ref, pb::PeerSource source) {
  pb::Peer peer;
  peer.set_id(std::move(id));
  peer.set_state(pb::PEER_STATE_PROSPECT);
  peer.set_person_ref(std::string(person_ref));
  peer.set_source(source);
  peer.set_cycle(1);
  return peer;
}

absl::Status MayUpdate(const pb::Peer& peer) {
  if (peer.state() == pb::PEER_STATE_STOPPED) return WrongState(peer.state(), "the person is no peer any more");
  return absl::OkStatus();
}

absl::Status CheckProfile(const pb::PeerProfile& profile, const pb::PeerRules* rules) {
  if (rules == nullptr || profile.capacity() <= rules->capacity_max()) return absl::OkStatus();
  return Refused("CAPACITY_TOO_LARGE", "the rules do not let one peer have so many people at once");
}

// Paid and volunteer are one model (S1): who is hired keeps state, guide, approval and people
// (civicrm.volunteer#488, a role that was lost on a move).
void ApplyProfile(const pb::PeerProfile& profile, pb::Peer* peer) {
  peer->set_employment(profile.employment());
  peer->set_experience(profile.experience());
  peer->set_capacity(profile.capacity());
  peer->set_gender(profile.gender());
  std::set<std::string> languages;
  for (const std::string& code : profile.languages()) languages.insert(LanguageOf(code));
  peer->clear_languages();
  for (const std::string& language : languages) peer->add_languages(language);
}

absl::Status MayRecord(const pb::Peer& peer, std::string_view judged_date, std::string_view valid_until,
                       std::string_view today) {
  TRY(MayUpdate(peer));
  TRY(CheckHappened(judged_date, today));
  TRY(CheckPlannable("valid_until", valid_until, today));
  if (!valid_until.empty() && valid_until < judged_date) {
    return Refused("DATE_OUT_OF_ORDER", "what was judged counts at least on its own day");
  }
  return absl::OkStatus();
}

void ApplyRequirement(pb::Peer* peer) {
  if (peer->state() == pb::PEER_STATE_PROSPECT) peer->set_state(pb::PEER_STATE_IN_TRAINING);
}

// [B6] Signed secrecy declaration and course before registration; a clarified relation to the own problem;
// the police certificate before the start. [P8] Only outcome and date are known.
absl::Status CheckRequirements(const pb::PeerRules& rules, const std::vector<pb::Requirement>& records,
                               std::string_view date) {
  for (int i = 0; i < rules.requirements_size(); ++i) {
    if (IsMet(rules.requirements(i), rules, records, date)) continue;
    return Refused("REQUIREMENTS_NOT_MET", "a requirement is not met or has run out",
                   {{"kind", pb::RequirementKind_Name(rules.requirements(i))}});
  }
  return absl::OkStatus();
}

bool IsApproved(pb::PeerState state) { return state == pb::PEER_STATE_APPROVED || state == pb::PEER_STATE_ACTIVE; }

absl::Status MayApprove(const pb::Peer& peer, const pb::PeerRules& rules, const std::vector<pb::Requirement>& records,
                        std::string_view today) {
  if (peer.state() != pb::PEER_STATE_PROSPECT && peer.state() != pb::PEER_STATE_IN_TRAINING) {
    return WrongState(peer.state(), "only a prospect is approved");
  }
  if (peer.employment() == pb::EMPLOYMENT_UNSPECIFIED || peer.experience() == pb::EXPERIENCE_UNSPECIFIED ||
      peer.capacity() == 0) {
    return Refused("PROFILE_INCOMPLETE", "employment, experience and capacity must be known first");
  }
  if (peer.capacity() > rules.capacity_max()) {
    return Refused("CAPACITY_TOO_LARGE", "the rules do not let one peer have so many people at once");
  }
  return CheckRequirements(rules, records, today);
}

// A window before the end, and a grace after it (CareTogetherCMS#1221). What the approval rests on must
// hold when the new term begins.
absl::Status MayRenew(const pb::Peer& peer, const pb::PeerRules& rules, const std::vector<pb::Requirement>& records,
                      std::string_view today) {
  if (!IsApproved(peer.state()) && peer.state() != pb::PEER_STATE_GRACE && peer.state() != pb::PEER_STATE_EXPIRED) {
    return WrongState(peer.state(), "there is no approval that could be renewed");
  }
  const std::string opens = PlusDays(peer.valid_until(), -rules.renewal_window_days());
  if (today < opens) {
    return Refused("RENEWAL_TOO_EARLY", "the window for renewals has not opened", {{"opens", opens}});
  }
  return CheckRequirements(rules, records, NewTermFrom(peer, today));
}

// An approval never outlasts what it rests on. Who renews in time loses no day.
pb::Approval NewApproval(std::string id, const pb::Peer& peer, const pb::PeerRules& rules,
                         const std::vector<pb::Requirement>& records, std::string_view today) {
  pb::Approval approval;
  approval.set_id(std::move(id));
  approval.set_peer_id(peer.id());
  approval.set_person_ref(peer.person_ref());
  approval.set_cycle(peer.cycle());
  approval.set_renewal(!peer.valid_until().empty());
  approval.set_from_date(NewTermFrom(peer, today));
  approval.set_valid_until(RestsUntil(rules, records, approval.from_date(),
                                      PlusDays(PlusMonths(approval.from_date(), rules.approval_months()), -1)));
  return approval;
}

void ApplyApproval(const pb::Approval& approval, const pb::PeerRules& rules, std::string_view today, pb::Peer* peer) {
  const bool needs_date = peer->guidance_due_date().empty();
  peer->set_valid_until(approval.valid_until());
  peer->set_expiring(false);
  // [P1] Approved, and active once there is a guide.
  peer->set_state(peer->guide_id().empty() ? pb::PEER_STATE_APPROVED : pb::PEER_STATE_ACTIVE);
  if (needs_date) peer->set_guidance_due_date(PlusDays(today, rules.guidance_interval_days()));
}

void ApplyGrace(pb::Peer* peer) { peer->set_state(pb::PEER_STATE_GRACE); }

void ApplyExpiry(pb::Peer* peer) {
  peer->set_state(pb::PEER_STATE_EXPIRED);
  peer->set_expiring(false);
  peer->clear_return_date();
  peer->clear_guidance_due_date();
  peer->set_guidance_overdue(false);
}

// A temporary pause is no failure: nobody asks why, and nothing says why.
absl::Status MayPause(const pb::Peer& peer, std::string_view return_date, std::string_view today) {
  if (!IsApproved(peer.state()) && peer.state() != pb::PEER_STATE_GRACE) {
    return WrongState(peer.state(), "only a peer at work can take a pause");
  }
  TRY(CheckPlannable("return_date", return_date, today));
  if (!return_date.empty() && return_date <= today) {
    return Refused("DATE_OUT_OF_ORDER", "a pause ends after it begins");
  }
  return absl::OkStatus();
}

void ApplyPause(std::string_view return_date, pb::Peer* peer) {
  peer->set_state(pb::PEER_STATE_PAUSED);
  peer->set_return_date(std::string(return_date));
  peer->set_guidance_overdue(false);
}

// The approval went on running. In its grace the peer comes back to their people, and gets no new ones.
absl::Status MayResume(const pb::Peer& peer, const pb::PeerRules& rules, std::string_view today) {
  if (peer.state() != pb::PEER_STATE_PAUSED) return WrongState(peer.state(), "there is no pause");
  if (today > PlusDays(peer.valid_until(), rules.grace_days())) {
    return Refused("APPROVAL_EXPIRED", "the approval and its grace are over: it must be renewed");
  }
  return absl::OkStatus();
}

void ApplyResume(const pb::PeerRules& rules, std::string_view today, pb::Peer* peer) {
  peer->clear_return_date();
  if (today > peer->valid_until()) {
    peer->set_state(pb::PEER_STATE_GRACE);
  } else {
    peer->set_state(peer->guide_id().empty() ? pb::PEER_STATE_APPROVED : pb::PEER_STATE_ACTIVE);
  }
  // Whoever was away begins with guidance, not with a reproach.
  peer->set_guidance_due_date(PlusDays(today, rules.guidance_interval_days()));
}

// Opting out is always open, at any stage (CareTogetherCMS#180).
absl::Status MayStop(const pb::Peer& peer) { return MayUpdate(peer); }

void ApplyStop(pb::StopKind kind, std::string_view today, pb::Peer* peer) {
  peer->set_state(pb::PEER_STATE_STOPPED);
  peer->set_stop_kind(kind);
  peer->set_stop_date(std::string(today));
  peer->set_expiring(false);
  peer->set_guidance_overdue(false);
  peer->clear_guidance_due_date();
  peer->clear_return_date();
  peer->clear_valid_until();
  peer->clear_guide_id();
}

absl::Status MayReinstate(const pb::Peer& peer) {
  if (peer.state() == pb::PEER_STATE_STOPPED) return absl::OkStatus();
  return WrongState(peer.state(), "only somebody who has stopped begins anew");
}

// A new cycle: what was judged before counts no more, and stays on record (CareTogetherCMS#30).
void ApplyReinstatement(pb::Peer* peer) {
  peer->set_state(pb::PEER_STATE_PROSPECT);
  peer->set_cycle(peer->cycle() + 1);
  peer->clear_stop_kind();
  peer->clear_stop_date();
}

// ---- Guides ----------------------------------------------------------------------------------------

absl::Status MayChange(const pb::Guide& guide) {
  if (guide.state() != pb::GUIDE_STATE_ENDED) return absl::OkStatus();
  return WrongState(guide.state(), "the person is no guide any more");
}

// [P4] Nobody is guide of self.
absl::Status MayAssign(const pb::Peer& peer, const pb::Guide& guide) {
  if (peer.state() == pb::PEER_STATE_STOPPED || peer.state() == pb::PEER_STATE_EXPIRED) {
    return WrongState(peer.state(), "the peer is not at work");
  }
  if (guide.person_ref() == peer.person_ref()) return OwnCase("nobody is their own guide");
  if (guide.state() == pb::GUIDE_STATE_ACTIVE) return absl::OkStatus();
  return Refused("GUIDE_UNAVAILABLE", "the guide is away or has ended");
}

void ApplyGuide(const pb::Guide& guide, pb::Peer* peer) {
  peer->set_guide_id(guide.id());
  if (peer->state() == pb::PEER_STATE_APPROVED) peer->set_state(pb::PEER_STATE_ACTIVE);
}

absl::Status MayLogGuidance(const pb::Peer& peer, std::string_view held_date, std::string_view today) {
  TRY(MayUpdate(peer));
  if (peer.guide_id().empty()) return Refused("GUIDE_UNAVAILABLE", "the peer has no guide");
  return CheckHappened(held_date, today);
}

// Guidance that is recorded late moves the due date only forward.
void ApplyGuidance(const pb::PeerRules& rules, std::string_view held_date, pb::Peer* peer) {
  const std::string due = PlusDays(held_date, rules.guidance_interval_days());
  if (peer->guidance_due_date().empty() || due <= peer->guidance_due_date()) return;
  peer->set_guidance_due_date(due);
  peer->set_guidance_overdue(false);
}

bool NeedsGuidance(pb::PeerState state) { return IsApproved(state) || state == pb::PEER_STATE_GRACE; }

// ---- Requests, proposals and matches ---------------------------------------------------------------

// A person waits for one peer at a time.
absl::Status MayHaveAnother(bool has_open) {
  return has_open ? Refused("REQUEST_OPEN", "the person has an open request already") : absl::OkStatus();
}

// [S1] Low threshold: a person asks, and needs no referral.
pb::PeerRequest NewRequest(std::string id, const pb::RequestPeerRequest& request, std::string_view today) {
  pb::PeerRequest row;
  row.set_id(std::move(id));
  row.set_state(pb::PEER_REQUEST_STATE_OPEN);
  row.set_person_ref(request.person_ref());
  row.set_asks_as(request.asks_as());
  row.set_any_experience(request.any_experience());
  row.set_wish_experience(request.wish_experience());
  row.set_wish_language(LanguageOf(request.wish_language()));
  row.set_wish_gender(request.wish_gender());
  row.set_needed_by(request.needed_by());
  row.set_open_date(std::string(today));
  return row;
}

bool IsOpen(pb::PeerRequestState state) {
  return state == pb::PEER_REQUEST_STATE_OPEN || state == pb::PEER_REQUEST_STATE_PROPOSED;
}

absl::Status MayClose(const pb::PeerRequest& request) {
  return IsOpen(request.state()) ? absl::OkStatus() : WrongState(request.state(), "the request is not open");
}

// [P4] A conflict of interest is named by either of the two, for themself.
absl::Status MayNameConflict(const Caller& caller, const pb::NameConflictRequest& request, const pb::Peer& peer) {
  if (!IsPeer(caller, peer.person_ref())) TRY(MayActFor(caller, request.person_ref()));
  return peer.person_ref() == request.person_ref() ? OwnCase("these are one person") : absl::OkStatus();
}

// [P1] Only an ACTIVE, unexpired peer with an active guide can be proposed or started (CASA; S1 veiledning;
// casa#535 and #1184, inactive ones still offered; casa#2139, guides who are away).
absl::Status MayTakeSomebody(const pb::Peer& peer, const pb::Guide* guide, std::string_view today) {
  if (peer.state() != pb::PEER_STATE_ACTIVE) return NotAvailable("ACTIVE");
  if (peer.valid_until() < today) return NotAvailable("APPROVAL");
  if (guide == nullptr || guide->state() != pb::GUIDE_STATE_ACTIVE) return NotAvailable("GUIDE");
  return absl::OkStatus();
}

// [P2] Open matches and accepted proposals never exceed the capacity. What was declined, has ended or was
// handed over counts no more (VolunTrack#501).
absl::Status CheckCapacity(const pb::Peer& peer, int64_t load) {
  if (load < peer.capacity()) return absl::OkStatus();
  return Refused("CAPACITY_FULL", "the peer has as many people as they can take");
}

absl::Status MayMeet(const pb::PeerRequest& request, const pb::Peer& peer, bool has_conflict) {
  // [P4] Nobody is own peer; a conflict of interest blocks with no reason shown.
  if (request.person_ref() == peer.person_ref()) return OwnCase("nobody is their own peer");
  if (has_conflict) return Refused("CONFLICT_OF_INTEREST", "the two are not to be matched");
  // [P5] Next of kin meet next of kin unless they choose otherwise (S1: both next of kin and former users
  // are peers).
  if (request.asks_as() == pb::EXPERIENCE_NEXT_OF_KIN && !request.any_experience() &&
      !IsOneOf(peer.experience(), pb::EXPERIENCE_NEXT_OF_KIN)) {
    return Refused("KIN_REQUIRED", "a next of kin is matched with next of kin unless they choose otherwise");
  }
  return absl::OkStatus();
}

// [P3] A peer and a person are a pair once, but only among live matches: when theirs has ended they may meet again
// (casa#457).
absl::Status MayMeetAgain(bool has_live_match) {
  return has_live_match ? Refused("ALREADY_MATCHED", "the two have a live match") : absl::OkStatus();
}

absl::Status CheckWishes(const pb::PeerRequest& request, const pb::Peer& peer) {
  // Who wishes for both kinds of experience wishes for somebody with both.
  if (!IsOneOf(peer.experience(), request.wish_experience())) return WishNotMet("EXPERIENCE");
  if (!request.wish_language().empty() &&
      std::find(peer.languages().begin(), peer.languages().end(), request.wish_language()) == peer.languages().end()) {
    return WishNotMet("LANGUAGE");
  }
  if (request.wish_gender() != pb::GENDER_UNSPECIFIED && request.wish_gender() != peer.gender()) {
    return WishNotMet("GENDER");
  }
  return absl::OkStatus();
}

absl::Status MayPropose(const pb::PeerRequest& request) {
  if (request.state() == pb::PEER_REQUEST_STATE_PROPOSED) {
    return Refused("PROPOSAL_OPEN", "the request has an open proposal already");
  }
  return MayClose(request);
}

pb::Proposal NewProposal(std::string id, const pb::PeerRequest& request, const pb::Peer& peer,
                         const pb::PeerRules& rules, std::string_view today) {
  pb::Proposal proposal;
  proposal.set_id(std::move(id));
  proposal.set_state(pb::PROPOSAL_STATE_PROPOSED);
  proposal.set_peer_request_id(request.id());
  proposal.set_peer_id(peer.id());
  proposal.set_person_ref(request.person_ref());
  proposal.set_peer_person_ref(peer.person_ref());
  proposal.set_peer_experience(peer.experience());
  proposal.set_answer_by(PlusDays(today, rules.answer_days()));
  return proposal;
}

bool IsOpen(pb::ProposalState state) {
  return state == pb::PROPOSAL_STATE_PROPOSED || state == pb::PROPOSAL_STATE_ACCEPTED_BY_PERSON || HoldsPlace(state);
}

bool HoldsPlace(pb::ProposalState state) {
  return state == pb::PROPOSAL_STATE_ACCEPTED_BY_PEER || state == pb::PROPOSAL_STATE_BOTH;
}

// [P6] Each answers for themself. Staff may pass on the word of a person who has no access; a peer answers
// themself, always (allReady#2242, the assignee must accept).
absl::Status MayAnswer(const pb::Proposal& proposal, pb::MatchSide side, pb::Answer answer, std::string_view today) {
  if (!IsOpen(proposal.state())) return WrongState(proposal.state(), "the proposal is not open");
  // A consent may be taken back as long as nothing has started.
  if (answer == pb::ANSWER_DECLINE) return absl::OkStatus();
  if (today > proposal.answer_by()) return Refused("PROPOSAL_EXPIRED", "the time to answer has run out");
  const bool by_peer = side == pb::MATCH_SIDE_PEER;
  const pb::ProposalState own = by_peer ? pb::PROPOSAL_STATE_ACCEPTED_BY_PEER : pb::PROPOSAL_STATE_ACCEPTED_BY_PERSON;
  if (proposal.state() == own || proposal.state() == pb::PROPOSAL_STATE_BOTH) {
    return Refused("ALREADY_ANSWERED", "this side has answered");
  }
  return absl::OkStatus();
}

void ApplyAnswer(pb::MatchSide side, bool passed_on, pb::Answer answer, pb::Proposal* proposal) {
  proposal->set_answer_passed_on(proposal->answer_passed_on() || passed_on);
  if (answer == pb::ANSWER_DECLINE) {
    proposal->set_state(pb::PROPOSAL_STATE_DECLINED);
  } else if (proposal->state() != pb::PROPOSAL_STATE_PROPOSED) {
    proposal->set_state(pb::PROPOSAL_STATE_BOTH);
  } else {
    proposal->set_state(side == pb::MATCH_SIDE_PEER ? pb::PROPOSAL_STATE_ACCEPTED_BY_PEER
                                                    : pb::PROPOSAL_STATE_ACCEPTED_BY_PERSON);
  }
}

// [P6] A start needs the consent of both.
absl::Status MayStart(const pb::Proposal& proposal) {
  if (proposal.state() == pb::PROPOSAL_STATE_BOTH) return absl::OkStatus();
  return WrongState(proposal.state(), "both must have consented");
}

bool KnowEachOther(pb::ProposalState state) {
  return state == pb::PROPOSAL_STATE_BOTH || state == pb::PROPOSAL_STATE_STARTED;
}

// The ids of the other's request and of the other as a peer tell who it is to somebody who has met them before.
pb::Proposal OfOneSide(pb::MatchSide side, pb::Proposal proposal) {
  if (side == pb::MATCH_SIDE_PERSON) {
    proposal.clear_peer_id();
    proposal.clear_peer_person_ref();
  } else if (side == pb::MATCH_SIDE_PEER) {
    proposal.clear_peer_request_id();
    proposal.clear_person_ref();
  }
  return proposal;
}

// [P6] Who declines, or is not asked any more, stays unknown to the other. The unit knows both from the beginning.
void Veil(const Caller& caller, pb::Proposal* proposal) {
  if (WorksWithPeers(caller) || KnowEachOther(proposal->state())) return;
  const pb::MatchSide side = SideOf(caller, proposal->person_ref(), proposal->peer_person_ref());
  *proposal = OfOneSide(side, std::move(*proposal));
}

pb::Match NewMatch(std::string id, const pb::Proposal& proposal, const pb::PeerRequest& request,
                   std::string_view today) {
  pb::Match match;
  match.set_id(std::move(id));
  match.set_state(pb::MATCH_STATE_STARTED);
  match.set_proposal_id(proposal.id());
  match.set_peer_request_id(request.id());
  match.set_peer_id(proposal.peer_id());
  match.set_person_ref(proposal.person_ref());
  match.set_peer_person_ref(proposal.peer_person_ref());
  match.set_asked_as(request.asks_as());
  match.set_start_date(std::string(today));
  return match;
}

bool IsLive(pb::MatchState state) { return state == pb::MATCH_STATE_STARTED || state == pb::MATCH_STATE_ON_HOLD; }

// [P6] Either ends at any time with no reason (NAPS). What has ended is kept (casa#230).
absl::Status MayEnd(const pb::Match& match) {
  return IsLive(match.state()) ? absl::OkStatus() : WrongState(match.state(), "the match has ended");
}

absl::Status MayHandOver(const pb::Match& match, std::string_view peer_id) {
  TRY(MayEnd(match));
  if (peer_id == match.peer_id()) return InvalidArgument("peer_id", "must be another peer, or empty");
  return absl::OkStatus();
}

void ApplyEnd(pb::MatchSide by, pb::EndReason reason, std::string_view today, pb::Match* match) {
  match->set_state(pb::MATCH_STATE_ENDED);
  match->set_ended_by(by);
  match->set_end_reason(reason);
  match->set_end_date(std::string(today));
}

void ApplyHandOver(std::string_view today, pb::Match* match) {
  match->set_state(pb::MATCH_STATE_HANDED_OVER);
  match->set_end_date(std::string(today));
}

// [P6] With no reason, and without the other learning who it was: only the unit sees by whom and why.
void Veil(const Caller& caller, pb::Match* match) {
  if (WorksWithPeers(caller)) return;
  match->clear_ended_by();
  match->clear_end_reason();
}

// ---- Contacts and groups ---------------------------------------------------------------------------

// Not in the future (CASA), and within the time of the match; it may be recorded later than it was.
absl::Status MayLog(const pb::Match& match, std::string_view contact_date, std::string_view today) {
  TRY(CheckHappened(contact_date, today));
  if (contact_date < match.start_date() || (!match.end_date().empty() && contact_date > match.end_date())) {
    return Refused("DATE_OUT_OF_ORDER", "the date does not lie within the match");
  }
  return absl::OkStatus();
}

pb::Contact NewContact(std::string id, const pb::LogContactRequest& request, const pb::Match& match,
                       const pb::Peer& peer, std::string_view contact_date) {
  pb::Contact contact;
  contact.set_id(std::move(id));
  contact.set_state(pb::CONTACT_STATE_RECORDED);
  contact.set_match_id(match.id());
  contact.set_peer_id(match.peer_id());
  contact.set_person_ref(match.person_ref());
  contact.set_peer_person_ref(match.peer_person_ref());
  contact.set_kind(request.kind());
  contact.set_contact_date(std::string(contact_date));
  contact.set_minutes(request.minutes());
  contact.set_met(request.met());
  contact.set_employment(peer.employment());
  return contact;
}

// Withdrawn, not deleted, and once: the hours of a period can be explained afterwards.
absl::Status MayWithdraw(const pb::Contact& contact) {
  if (contact.state() == pb::CONTACT_STATE_RECORDED) return absl::OkStatus();
  return WrongState(contact.state(), "it was withdrawn already");
}

absl::Status MayClose(const pb::SelfHelpGroup& group) {
  if (group.state() == pb::SELF_HELP_GROUP_STATE_OPEN) return absl::OkStatus();
  return WrongState(group.state(), "the group is closed already");
}

bool IsLive(pb::GroupSeatState state) {
  return state == pb::GROUP_SEAT_STATE_ACTIVE || state == pb::GROUP_SEAT_STATE_ON_HOLD;
}

// [P10] A group seat needs the person's consent: a seat in a person's responsibility group goes to the
// peer who stands beside that person now. There is one at a time: a second one would outlive the consent.
absl::Status MaySeat(const pb::Match& match, std::string_view person_ref, bool seated) {
  if (match.person_ref() != person_ref) return NotFound("match");
  if (match.state() != pb::MATCH_STATE_STARTED) {
    return WrongState(match.state(), "the match is on hold or has ended");
  }
  return seated ? SeatTaken() : absl::OkStatus();
}

// [P1] Somebody new comes to a peer whose approval holds or is in its grace, and who takes no pause.
absl::Status MayJoin(const pb::SelfHelpGroup& group, const pb::Peer& leader, std::string_view person_ref, bool seated) {
  if (group.state() != pb::SELF_HELP_GROUP_STATE_OPEN) return WrongState(group.state(), "the group is closed");
  if (leader.person_ref() == person_ref) return OwnCase("the peer leads this group");
  if (!IsApproved(leader.state()) && leader.state() != pb::PEER_STATE_GRACE) return NotAvailable("APPROVAL");
  return seated ? SeatTaken() : absl::OkStatus();
}

// [P10] The seat ends with the consent, so also while its match is on hold.
absl::Status MayLeave(const pb::GroupSeat& seat) {
  return IsLive(seat.state()) ? absl::OkStatus() : WrongState(seat.state(), "the seat has ended");
}

void ApplySeatEnd(std::string_view today, pb::GroupSeat* seat) {
  seat->set_state(pb::GROUP_SEAT_STATE_ENDED);
  seat->set_end_date(std::string(today));
}

// ---- Evaluation ------------------------------------------------------------------------------------

// What is "before" and what is "after" is clear only if one round follows the other.
absl::Status MayOpenRound(std::string_view close_by, bool another_open, std::string_view today) {
  TRY(CheckPlannable("close_by", close_by, today));
  if (close_by < today) return Refused("DATE_OUT_OF_ORDER", "a round ends after it begins");
  return another_open ? Refused("ROUND_OPEN", "another round is open") : absl::OkStatus();
}

absl::Status CheckOpen(const pb::EvaluationRound& round) {
  if (round.state() == pb::EVALUATION_ROUND_STATE_OPEN) return absl::OkStatus();
  return WrongState(round.state(), "the round is closed");
}

absl::Status CheckScores(const pb::EvaluationRound& round,
                         const google::protobuf::RepeatedPtrField<pb::EvaluationScore>& scores) {
  std::set<std::string_view> open;
  for (const pb::EvaluationQuestion& question : round.questions()) open.insert(question.code());
  for (const pb::EvaluationScore& score : scores) {
    if (open.erase(score.question_code()) == 0) {
      return Refused("UNKNOWN_QUESTION", "a score is for no open question of the round");
    }
  }
  if (open.empty()) return absl::OkStatus();
  return Refused("UNKNOWN_QUESTION", "each question is answered once", {{"question", std::string(*open.begin())}});
}

// [P11] A stakeholder group with fewer than n answers is not published, and there is no sum over groups
// from which it could be worked out.
void ApplyClose(const std::vector<pb::Stakeholder>& invited, const std::vector<ScoreSum>& sums, std::string_view today,
                pb::EvaluationRound* round) {
  round->set_state(pb::EVALUATION_ROUND_STATE_CLOSED);
  round->set_close_date(std::string(today));
  std::set<pb::Stakeholder> silent(invited.begin(), invited.end());
  for (const ScoreSum& sum : sums) {
    silent.insert(sum.stakeholder);
    if (sum.answers < round->answers_min()) continue;
    pb::EvaluationResult* result = round->add_results();
    result->set_stakeholder(sum.stakeholder);
    result->set_question_code(sum.question_code);
    result->set_answers(static_cast<int32_t>(sum.answers));
    result->set_mean_centi(static_cast<int32_t>((100 * sum.score_sum + sum.answers / 2) / sum.answers));
  }
  for (const pb::EvaluationResult& result : round->results()) silent.erase(result.stakeholder());
  for (const pb::Stakeholder stakeholder : silent) round->add_unpublished(stakeholder);
}

std::vector<common::v1::Figure> FiguresOf(const pb::EvaluationRound& round) {
  struct Total {
    int64_t answers = 0, questions = 0, mean_sum = 0;
  };
  std::map<pb::Stakeholder, Total> totals;
  for (const pb::EvaluationResult& result : round.results()) {
    Total& total = totals[result.stakeholder()];
    total.answers = result.answers();
    total.questions += 1;
    total.mean_sum += result.mean_centi();
  }
  for (int i = 0; i < round.unpublished_size(); ++i) totals[round.unpublished(i)];
  std::vector<common::v1::Figure> figures;
  for (const auto& [stakeholder, total] : totals) {
    const std::string name = pb::Stakeholder_Name(stakeholder).substr(std::string_view("STAKEHOLDER_").size());
    SuppressedCount answers, mean;
    if (total.questions > 0) {
      answers = total.answers;
      mean = (total.mean_sum + total.questions / 2) / total.questions;
    }
    figures.push_back(MakeFigure(absl::StrCat(name, "_ANSWERS"), answers));
    figures.push_back(MakeFigure(absl::StrCat(name, "_MEAN_CENTI"), mean));
  }
  return figures;
}

// "Before and after" (før og etter): only where there is both.
std::vector<pb::EvaluationChange> ChangesBetween(const pb::EvaluationRound& before, const pb::EvaluationRound& after) {
  std::vector<pb::EvaluationChange> changes;
  for (const pb::EvaluationResult& now : after.results()) {
    for (const pb::EvaluationResult& then : before.results()) {
      if (then.stakeholder() != now.stakeholder() || then.question_code() != now.question_code()) continue;
      pb::EvaluationChange& change = changes.emplace_back();
      change.set_stakeholder(now.stakeholder());
      change.set_question_code(now.question_code());
      change.set_before_centi(then.mean_centi());
      change.set_after_centi(now.mean_centi());
    }
  }
  return changes;
}

}  // namespace mestring::peer_support
