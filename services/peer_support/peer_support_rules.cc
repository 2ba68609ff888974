#include "services/peer_support/peer_support_rules.h"

// The rules in the order of things: who a peer is and how long, and who guides them. Each function says its rule
// first, with its source, and then does it in the same order.
//
// They hide nothing: what a rule needs to know is a parameter, so that a test can put any case before
// them. What is a question to many rows (how many people has this peer, is there a conflict) is asked in
// SQL by the use cases and handed in. The alternative, a rule that loads what it needs, could be tried
// only with a database.

#include <algorithm>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_replace.h"
#include "common/base/errors.h"
#include "common/base/field_rules.h"
#include "services/peer_support/match_rules.h"

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

// The first day that a renewal adds.
std::string NewTermFrom(const pb::Peer& peer, std::string_view today) {
  const bool runs = !peer.valid_until().empty() && peer.valid_until() >= today;
  return runs ? PlusDays(peer.valid_until(), 1) : std::string(today);
}

}  // namespace

absl::Status NotAvailable(std::string_view missing) {
  return Refused("PEER_NOT_AVAILABLE", "the peer cannot stand beside somebody new now",
                 {{"missing", std::string(missing)}});
}

absl::Status OwnCase(std::string_view sentence) { return Refused("OWN_CASE", sentence); }

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
    return InvalidArgument("valid_until", "must be set: an exemption ends on a day");
  }
  const bool has_hours =
      request.kind() == pb::REQUIREMENT_KIND_COURSE_HOURS && request.outcome() == pb::REQUIREMENT_OUTCOME_MET;
  if (has_hours != (request.hours() > 0)) {
    return InvalidArgument("hours", "must be set for course hours that are met, and for nothing else");
  }
  return absl::OkStatus();
}

absl::Status Check(const pb::StopPeerRequest& request) {
  if (request.kind() == pb::STOP_KIND_OPT_OUT)
    return InvalidArgument("kind", "must not be OPT_OUT: the peer opts out by OptOut");
  return absl::OkStatus();
}

absl::Status Check(const pb::RequestPeerRequest& request) {
  if (request.asks_as() == pb::EXPERIENCE_BOTH) return InvalidArgument("asks_as", "must be one of the two");
  return absl::OkStatus();
}

absl::Status Check(const pb::LogContactRequest& request) {
  if (request.met() != (request.minutes() > 0))
    return InvalidArgument("minutes", "must be above 0 if the two met, and 0 if they did not");
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

}  // namespace mestring::peer_support
