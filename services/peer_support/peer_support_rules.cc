#include "services/peer_support/peer_support_rules.h"

// Who is a peer and how long, and who guides them. A comment above a function gives its rule with the source, where the
// rule has one.
//
// What a rule needs to know is a parameter, so a test can give it any case. Use cases answer questions about many rows
// (how many people has this peer, is there a conflict) in SQL and pass the answer. A rule that loads what it needs
// could be tested only with a database.

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

// For each kind the last record counts; the hours of courses add up.
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

// The last day, at most `until`, on which everything that an approval from `from` on depends on is still valid. On its
// first day everything is: a record that ended before was replaced, and an earlier gap ends nothing.
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

// The first day of a new approval or a renewal.
std::string NewTermFrom(const pb::Peer& peer, std::string_view today) {
  const bool runs = !peer.valid_until().empty() && peer.valid_until() >= today;
  return runs ? PlusDays(peer.valid_until(), 1) : std::string(today);
}

}  // namespace

absl::Status NotAvailable(std::string_view missing) {
  return Refused("PEER_NOT_AVAILABLE", "the peer cannot take anybody new now; choose another",
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

// A peer sees themself and the people matched with them, never another peer (casa#5511: volunteers of others leaked). A
// person sees their own.

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

// Otherwise the access log of one side would name the other.
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

// [P7] A peer has no authority to decide (autoimmunlever.no). One person may have many roles (S2), so the role alone
// does not ensure it: somebody else approves or stops a peer, sets their capacity, guides them, and passes on what a
// person says to having them as a peer.
absl::Status MayDecideAbout(const Caller& caller, std::string_view person_ref) {
  return caller.IsSelf(person_ref) ? OwnCase("let somebody else decide about you") : absl::OkStatus();
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

// An exemption has a last day (CareTogether, exemptions with expiry); only a course has hours.
absl::Status Check(const pb::RecordRequirementRequest& request) {
  if (request.outcome() == pb::REQUIREMENT_OUTCOME_EXEMPTED && request.valid_until().empty()) {
    return InvalidArgument("valid_until", "must be set for an exemption");
  }
  const bool has_hours =
      request.kind() == pb::REQUIREMENT_KIND_COURSE_HOURS && request.outcome() == pb::REQUIREMENT_OUTCOME_MET;
  if (has_hours != (request.hours() > 0)) {
    return InvalidArgument("hours", "must be set for met COURSE_HOURS, and be 0 otherwise");
  }
  return absl::OkStatus();
}

absl::Status Check(const pb::StopPeerRequest& request) {
  if (request.kind() == pb::STOP_KIND_OPT_OUT)
    return InvalidArgument("kind", "must not be OPT_OUT; the peer calls OptOut");
  return absl::OkStatus();
}

absl::Status Check(const pb::RequestPeerRequest& request) {
  if (request.asks_as() == pb::EXPERIENCE_BOTH) return InvalidArgument("asks_as", "must be OWN_USE or NEXT_OF_KIN");
  return absl::OkStatus();
}

absl::Status Check(const pb::LogContactRequest& request) {
  if (request.met() != (request.minutes() > 0))
    return InvalidArgument("minutes", "must be above 0 if the two met, and 0 if they did not");
  return absl::OkStatus();
}

absl::Status Check(const pb::OpenEvaluationRequest& request) {
  if (!EachOnce(request.questions(), &pb::EvaluationQuestion::code)) {
    return InvalidArgument("questions", "must have each code at most once");
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
    if (!digests.insert(digest).second) return InvalidArgument("code_digests", "must have each digest at most once");
  }
  return absl::OkStatus();
}

absl::Status CheckHappened(std::string_view date, std::string_view today) {
  return date > today ? Refused("NOT_YET", "the date must be today or earlier") : absl::OkStatus();
}

std::string LanguageOf(std::string_view code) { return absl::StrReplaceAll(absl::AsciiStrToLower(code), {{"_", "-"}}); }

// ---- Becoming and being a peer ---------------------------------------------------------------------

// An activity leader has shown that they want to help, not yet that they may: they become a prospect like others (S1).
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
  if (peer.state() == pb::PEER_STATE_STOPPED)
    return WrongState(peer.state(), "the peer has stopped; reinstate them first");
  return absl::OkStatus();
}

absl::Status CheckProfile(const pb::PeerProfile& profile, const pb::PeerRules* rules) {
  if (rules == nullptr || profile.capacity() <= rules->capacity_max()) return absl::OkStatus();
  return Refused("CAPACITY_TOO_LARGE", "capacity must be at most the capacity_max of the rules");
}

// Paid and volunteer peers are one model (S1): a peer who is hired keeps state, guide, approval and people
// (civicrm.volunteer#488: a role was lost on such a move).
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
    return Refused("DATE_OUT_OF_ORDER", "valid_until must not be before judged_date");
  }
  return absl::OkStatus();
}

void ApplyRequirement(pb::Peer* peer) {
  if (peer->state() == pb::PEER_STATE_PROSPECT) peer->set_state(pb::PEER_STATE_IN_TRAINING);
}

// [B6] Secrecy declaration and course before registration; the talk about the own problem; the police certificate
// before the start. [P8] Only outcome and dates are stored.
absl::Status CheckRequirements(const pb::PeerRules& rules, const std::vector<pb::Requirement>& records,
                               std::string_view date) {
  for (int i = 0; i < rules.requirements_size(); ++i) {
    if (IsMet(rules.requirements(i), rules, records, date)) continue;
    return Refused("REQUIREMENTS_NOT_MET", "a requirement is not met or has expired; record it first",
                   {{"kind", pb::RequirementKind_Name(rules.requirements(i))}});
  }
  return absl::OkStatus();
}

bool IsApproved(pb::PeerState state) { return state == pb::PEER_STATE_APPROVED || state == pb::PEER_STATE_ACTIVE; }

absl::Status MayApprove(const pb::Peer& peer, const pb::PeerRules& rules, const std::vector<pb::Requirement>& records,
                        std::string_view today) {
  if (peer.state() != pb::PEER_STATE_PROSPECT && peer.state() != pb::PEER_STATE_IN_TRAINING) {
    return WrongState(peer.state(), "only a prospect can be approved");
  }
  if (peer.employment() == pb::EMPLOYMENT_UNSPECIFIED || peer.experience() == pb::EXPERIENCE_UNSPECIFIED ||
      peer.capacity() == 0) {
    return Refused("PROFILE_INCOMPLETE", "set employment, experience and capacity of the peer first");
  }
  if (peer.capacity() > rules.capacity_max()) {
    return Refused("CAPACITY_TOO_LARGE", "capacity must be at most the capacity_max of the rules");
  }
  return CheckRequirements(rules, records, today);
}

// A renewal is possible in a window before the end, and in the grace after it (CareTogetherCMS#1221). The requirements
// must be met when the new term begins.
absl::Status MayRenew(const pb::Peer& peer, const pb::PeerRules& rules, const std::vector<pb::Requirement>& records,
                      std::string_view today) {
  if (!IsApproved(peer.state()) && peer.state() != pb::PEER_STATE_GRACE && peer.state() != pb::PEER_STATE_EXPIRED) {
    return WrongState(peer.state(), "only an approval that is valid, in its grace or expired can be renewed");
  }
  const std::string opens = PlusDays(peer.valid_until(), -rules.renewal_window_days());
  if (today < opens) {
    return Refused("RENEWAL_TOO_EARLY", "renewal is not possible yet; try again in the renewal window",
                   {{"opens", opens}});
  }
  return CheckRequirements(rules, records, NewTermFrom(peer, today));
}

// An approval never outlasts its requirements. A peer who renews in time loses no day.
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
  // [P1] APPROVED, and ACTIVE once there is a guide.
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

// A pause is no failure: nobody asks for a reason, and no field stores one.
absl::Status MayPause(const pb::Peer& peer, std::string_view return_date, std::string_view today) {
  if (!IsApproved(peer.state()) && peer.state() != pb::PEER_STATE_GRACE) {
    return WrongState(peer.state(), "only a peer with an approval that is valid or in its grace can pause");
  }
  TRY(CheckPlannable("return_date", return_date, today));
  if (!return_date.empty() && return_date <= today) {
    return Refused("DATE_OUT_OF_ORDER", "return_date must be later than today");
  }
  return absl::OkStatus();
}

void ApplyPause(std::string_view return_date, pb::Peer* peer) {
  peer->set_state(pb::PEER_STATE_PAUSED);
  peer->set_return_date(std::string(return_date));
  peer->set_guidance_overdue(false);
}

// The approval ran on during the pause. In its grace the peer returns to their people and gets no new ones.
absl::Status MayResume(const pb::Peer& peer, const pb::PeerRules& rules, std::string_view today) {
  if (peer.state() != pb::PEER_STATE_PAUSED) return WrongState(peer.state(), "the peer is not paused");
  if (today > PlusDays(peer.valid_until(), rules.grace_days())) {
    return Refused("APPROVAL_EXPIRED", "the approval and its grace are over; renew it");
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
  // A peer who was away gets a new due date for guidance, and is not overdue at once.
  peer->set_guidance_due_date(PlusDays(today, rules.guidance_interval_days()));
}

// A peer may opt out at any stage (CareTogetherCMS#180).
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
  return WrongState(peer.state(), "only a peer who has stopped can be reinstated");
}

// A new cycle: earlier records do not count, and stay stored (CareTogetherCMS#30).
void ApplyReinstatement(pb::Peer* peer) {
  peer->set_state(pb::PEER_STATE_PROSPECT);
  peer->set_cycle(peer->cycle() + 1);
  peer->clear_stop_kind();
  peer->clear_stop_date();
}

// ---- Guides ----------------------------------------------------------------------------------------

absl::Status MayChange(const pb::Guide& guide) {
  if (guide.state() != pb::GUIDE_STATE_ENDED) return absl::OkStatus();
  return WrongState(guide.state(), "the guide has ended already");
}

// [P4] Nobody is their own guide.
absl::Status MayAssign(const pb::Peer& peer, const pb::Guide& guide) {
  if (peer.state() == pb::PEER_STATE_STOPPED || peer.state() == pb::PEER_STATE_EXPIRED) {
    return WrongState(peer.state(), "the peer has stopped or their approval has expired; reinstate or renew first");
  }
  if (guide.person_ref() == peer.person_ref()) return OwnCase("nobody can be their own guide; choose another");
  if (guide.state() == pb::GUIDE_STATE_ACTIVE) return absl::OkStatus();
  return Refused("GUIDE_UNAVAILABLE", "the guide is away or has ended; choose an active one");
}

void ApplyGuide(const pb::Guide& guide, pb::Peer* peer) {
  peer->set_guide_id(guide.id());
  if (peer->state() == pb::PEER_STATE_APPROVED) peer->set_state(pb::PEER_STATE_ACTIVE);
}

absl::Status MayLogGuidance(const pb::Peer& peer, std::string_view held_date, std::string_view today) {
  TRY(MayUpdate(peer));
  if (peer.guide_id().empty()) return Refused("GUIDE_UNAVAILABLE", "the peer has no guide; assign one first");
  return CheckHappened(held_date, today);
}

// Guidance that is recorded late never moves the due date back.
void ApplyGuidance(const pb::PeerRules& rules, std::string_view held_date, pb::Peer* peer) {
  const std::string due = PlusDays(held_date, rules.guidance_interval_days());
  if (peer->guidance_due_date().empty() || due <= peer->guidance_due_date()) return;
  peer->set_guidance_due_date(due);
  peer->set_guidance_overdue(false);
}

bool NeedsGuidance(pb::PeerState state) { return IsApproved(state) || state == pb::PEER_STATE_GRACE; }

}  // namespace mestring::peer_support
