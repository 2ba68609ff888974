#include "services/housing/application_rules.h"

// A comment above a function gives its rule with the source, where the rule has one.

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/errors.h"
#include "common/base/field_rules.h"

namespace mestring::housing {
namespace {

// The highest possible score is 50 factors of 10 levels of weight 1000. This is higher, so the rank key has a fixed
// width.
constexpr int64_t kScoreMax = 999999;

// The lot of an id: it never changes. FNV-1a and then the last steps of murmur, so that ids made one after the other
// get unrelated lots.
std::string Lot(std::string_view id) {
  uint32_t hash = 2166136261u;
  for (char c : id) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  hash = (hash ^ (hash >> 16)) * 0x85ebca6bu;
  hash = (hash ^ (hash >> 13)) * 0xc2b2ae35u;
  return absl::StrFormat("%08x", hash ^ (hash >> 16));
}

// [H9] The day of the application does not rank anybody; [B2] need orders the list, and waiting time has no weight. So:
// score, then lot. The day on which a home is needed is no key either: the applicant names it, and whoever says "today"
// would come first. The assessment weighs it.
std::string RankKey(const pb::ListEntry& entry) {
  return absl::StrFormat("%06d_%s_%s", kScoreMax - std::min(entry.score(), kScoreMax), Lot(entry.id()), entry.id());
}

}  // namespace

// ---- Applications ----------------------------------------------------------------------------------

bool IsUndecided(pb::ApplicationState state) {
  return state == pb::APPLICATION_STATE_SUBMITTED || state == pb::APPLICATION_STATE_INCOMPLETE ||
         state == pb::APPLICATION_STATE_UNDER_REVIEW;
}

bool IsApproved(pb::ApplicationState state) {
  return state == pb::APPLICATION_STATE_APPROVED || state == pb::APPLICATION_STATE_LISTED ||
         state == pb::APPLICATION_STATE_OFFERED;
}

bool IsLive(pb::ApplicationState state) { return IsUndecided(state) || IsApproved(state); }

// A resident applies for themself; staff and the housing office for anybody.
absl::Status MaySubmit(const Caller& caller, const pb::SubmitApplicationRequest& request) {
  if (WorksWithHousing(caller) || IsOwn(caller, request.person_ref())) return absl::OkStatus();
  return NotFound("person");
}

// [B2] One general application: a second one would put the person on the list twice.
absl::Status MayHaveAnother(bool has_live) {
  if (!has_live) return absl::OkStatus();
  return Refused("APPLICATION_OPEN", "the person has an application already; decide or withdraw it before another one");
}

// [B2] One general application, which names no home. It is decided within one month (forvaltningsloven section 11a),
// whether or not there is a vacancy.
pb::Application NewApplication(std::string id, const pb::SubmitApplicationRequest& request, const pb::CaseRules& rules,
                               std::string_view today) {
  pb::Application application;
  application.set_id(std::move(id));
  application.set_state(pb::APPLICATION_STATE_SUBMITTED);
  application.set_person_ref(request.person_ref());
  application.set_residence(request.residence());
  application.set_residence_since(request.residence_since());
  application.set_needed_by(request.needed_by());
  application.set_submit_date(std::string(today));
  application.set_decide_by(PlusMonths(today, rules.application_decision_months()));
  return application;
}

absl::Status MayRequestInformation(const pb::Application& application, std::string_view information_by,
                                   std::string_view today) {
  if (!IsUndecided(application.state())) return WrongState(application.state(), "the application is decided already");
  if (information_by < today) return Refused("DATE_OUT_OF_ORDER", "information_by must be today or later");
  return CheckPlannable("information_by", information_by, today);
}

absl::Status MayComplete(const pb::Application& application) {
  if (application.state() == pb::APPLICATION_STATE_INCOMPLETE) return absl::OkStatus();
  return WrongState(application.state(), "the application does not wait for information");
}

// [B2] A decision within one month or a preliminary answer (fvl section 11a), which can only set a later date.
absl::Status MayGivePreliminaryAnswer(const pb::Application& application, std::string_view decide_by,
                                      std::string_view today) {
  if (!IsUndecided(application.state())) return WrongState(application.state(), "the application is decided already");
  if (decide_by <= application.decide_by() || decide_by <= today) {
    return Refused("DATE_OUT_OF_ORDER", "decide_by must be later than today and than the date before");
  }
  return CheckPlannable("decide_by", decide_by, today);
}

// [B2] Criteria: the person lacks a fit home, cannot get one alone, can meet normal rental terms (with help if needed),
// is 18 or older and stays lawfully; with an exception where a refusal would be clearly unreasonable. A refused
// application may be approved later. An incomplete one can only be refused. [H6] The decision does not ask whether
// there is a vacancy.
absl::Status MayDecide(const pb::Application& application, const pb::CaseRules& rules,
                       const pb::DecideApplicationRequest& request, std::string_view today) {
  const bool grants = request.outcome() == pb::OUTCOME_GRANTED;
  const bool reconsidered = application.state() == pb::APPLICATION_STATE_REFUSED && grants;
  if (!IsUndecided(application.state()) && !reconsidered) {
    return WrongState(application.state(), "the application can no longer be decided");
  }
  if (grants && application.state() == pb::APPLICATION_STATE_INCOMPLETE) {
    return WrongState(application.state(), "the application is incomplete; complete it before you approve it");
  }
  const pb::Criteria& criteria = request.criteria();
  const bool meets_criteria = criteria.lacks_fit_home() && criteria.cannot_get_one_alone() &&
                              criteria.can_meet_rental_terms() && criteria.of_age() && criteria.stays_lawfully();
  if (grants && !meets_criteria && request.exception_code().empty()) {
    return Refused("CRITERIA_NOT_MET", "a criterion is not met; give an exception_code or refuse");
  }
  const bool met =
      MeetsResidence(ResidenceTermsOf(rules), application.residence(), application.residence_since(), today);
  return CheckResidence(
      met, request.outcome(),
      {request.override_reason_code(), request.alternative_route_code(), request.alternative_route_note()});
}

// [B2] An approval is valid for 12 months. It leads to the list, not to a home.
void ApplyDecision(const pb::Decision& decision, const pb::CaseRules& rules, pb::Application* application) {
  application->set_decision_id(decision.id());
  application->clear_information_codes();
  application->clear_information_by();
  if (decision.outcome() == pb::OUTCOME_REFUSED) {
    application->set_state(pb::APPLICATION_STATE_REFUSED);
    return;
  }
  application->set_approved_until(PlusMonths(decision.decide_date(), rules.approval_months()));
  if (IsApproved(application->state())) return;  // a renewal
  application->set_state(application->assessment_id().empty() ? pb::APPLICATION_STATE_APPROVED
                                                              : pb::APPLICATION_STATE_LISTED);
}

absl::Status MayRenew(const pb::Application& application, std::string_view today) {
  if (!IsApproved(application.state()))
    return WrongState(application.state(), "only an approved application can be renewed");
  if (IsExpired(application, today)) return Refused("APPROVAL_EXPIRED", "the approval has expired; apply again");
  return absl::OkStatus();
}

absl::Status MayWithdraw(const pb::Application& application) {
  if (IsLive(application.state())) return absl::OkStatus();
  return WrongState(application.state(), "the application has ended already");
}

// [B2] An approval lapses if its premises change.
absl::Status MayLapse(const pb::Application& application) {
  if (IsApproved(application.state())) return absl::OkStatus();
  return WrongState(application.state(), "only an approved application can lapse");
}

bool IsExpired(const pb::Application& application, std::string_view today) {
  return !application.approved_until().empty() && application.approved_until() < today;
}

void ApplyRelease(pb::Application* application) {
  application->clear_place_offer_id();
  application->set_state(pb::APPLICATION_STATE_LISTED);
}

// ---- Need and the list -----------------------------------------------------------------------------

// Need can be assessed before and after the decision, but not during a place offer, because that would question the
// order in which it was made.
absl::Status MayAssess(const pb::Application& application) {
  if (IsLive(application.state()) && application.state() != pb::APPLICATION_STATE_OFFERED) return absl::OkStatus();
  return WrongState(application.state(),
                    "need can be assessed until the application ends, but not during a place offer");
}

absl::StatusOr<int64_t> Score(const pb::NeedRule& rule, const pb::AssessNeedRequest& request) {
  int64_t score = 0;
  for (int i = 0; i < request.factors_size(); ++i) {
    const pb::NeedFactor& factor = request.factors(i);
    const auto weight = std::find_if(rule.weights().begin(), rule.weights().end(), [&factor](const pb::NeedWeight& w) {
      return w.factor_code() == factor.factor_code();
    });
    if (weight == rule.weights().end()) {
      return InvalidArgument(absl::StrCat("factors[", i, "].factor_code"),
                             "must be a factor of the need rule in force");
    }
    if (factor.level() > weight->level_max()) {
      return InvalidArgument(absl::StrCat("factors[", i, "].level"),
                             absl::StrCat("must be at most ", weight->level_max()));
    }
    score += int64_t{weight->weight()} * factor.level();
  }
  return score;
}

// [H9] An assessment stores the version of the need rule and the reason.
pb::NeedAssessment NewAssessment(std::string id, const Caller& caller, const pb::Application& application,
                                 const pb::AssessNeedRequest& request, const pb::NeedRule& rule, int64_t score,
                                 std::string_view today) {
  pb::NeedAssessment assessment;
  assessment.set_id(std::move(id));
  assessment.set_application_id(application.id());
  assessment.set_person_ref(application.person_ref());
  assessment.set_rule_version(rule.rule_version());
  *assessment.mutable_factors() = request.factors();
  assessment.set_score(score);
  assessment.set_reason_code(request.reason_code());
  *assessment.mutable_suitable_kinds() = request.suitable_kinds();
  assessment.set_assessed_by(caller.subject);
  assessment.set_assess_date(std::string(today));
  return assessment;
}

pb::ListEntry NewListEntry(std::string id, const pb::Application& application, const pb::NeedAssessment& assessment,
                           std::string_view today) {
  pb::ListEntry entry;
  entry.set_id(std::move(id));
  entry.set_state(pb::LIST_ENTRY_STATE_WAITING);
  entry.set_application_id(application.id());
  entry.set_person_ref(application.person_ref());
  entry.set_needed_by(application.needed_by());
  entry.set_approved_until(application.approved_until());
  entry.set_enter_date(std::string(today));
  ApplyAssessment(assessment, &entry);
  return entry;
}

void ApplyAssessment(const pb::NeedAssessment& assessment, pb::ListEntry* entry) {
  entry->set_assessment_id(assessment.id());
  entry->set_rule_version(assessment.rule_version());
  entry->set_score(assessment.score());
  entry->set_reason_code(assessment.reason_code());
  *entry->mutable_suitable_kinds() = assessment.suitable_kinds();
  entry->set_rank_key(RankKey(*entry));
}

bool Suits(const pb::ListEntry& entry, pb::SchemeKind kind) {
  return std::find(entry.suitable_kinds().begin(), entry.suitable_kinds().end(), kind) != entry.suitable_kinds().end();
}

// ---- Vacancies and place offers --------------------------------------------------------------------

// [H4] Only schemes of the application route have vacancies for the list. [H7] A place has one vacancy at a time: two
// would offer it twice.
absl::Status MayOpenVacancy(const pb::SchemePolicy& policy, const pb::Place& place, std::string_view from_date,
                            bool has_vacancy, std::string_view today) {
  if (policy.route() != pb::ROUTE_APPLICATION) {
    return Refused("WRONG_ROUTE",
                   "this scheme gives no places from the list; open vacancies of schemes of the application route");
  }
  if (!place.remove_date().empty()) return Refused("PLACE_REMOVED", "the place is no longer part of the scheme");
  TRY(CheckPlannable("from_date", from_date, today));
  if (from_date < today) return Refused("START_IN_PAST", "from_date must be today or later");
  return has_vacancy ? Refused("PLACE_IN_USE", "the place has an open vacancy already; use or close that one")
                     : absl::OkStatus();
}

bool KeepsPlace(pb::VacancyState state) {
  return state == pb::VACANCY_STATE_OPEN || state == pb::VACANCY_STATE_OFFERED;
}

absl::Status MayClose(const pb::Vacancy& vacancy) {
  if (vacancy.state() == pb::VACANCY_STATE_OPEN) return absl::OkStatus();
  return WrongState(vacancy.state(), "only an open vacancy can be closed");
}

// [H7] At most one open offer for a vacancy and for a person. [H4] Only for an approved application that has not
// expired. The assessment, not the applicant, says which kinds of home suit [B2].
absl::Status MayOffer(const pb::Vacancy& vacancy, const pb::Application& application, const pb::ListEntry& entry,
                      std::string_view today) {
  if (vacancy.state() != pb::VACANCY_STATE_OPEN)
    return Refused("VACANCY_TAKEN", "the vacancy is not open; choose an open one");
  if (application.state() == pb::APPLICATION_STATE_OFFERED) {
    return Refused("PERSON_HAS_OFFER", "the person has an open place offer already; wait for the answer or revoke it");
  }
  if (application.state() == pb::APPLICATION_STATE_APPROVED) {
    return Refused("NEED_NOT_ASSESSED", "assess the need of this application first");
  }
  if (application.state() != pb::APPLICATION_STATE_LISTED) {
    return WrongState(application.state(), "only an application on the list can get a place offer");
  }
  if (IsExpired(application, today))
    return Refused("APPROVAL_EXPIRED", "the approval has expired; the person must apply again");
  if (!Suits(entry, vacancy.scheme_kind())) {
    return Refused(
        "NOT_SUITABLE",
        "the vacancy's kind of scheme is not among the assessment's suitable_kinds; assess again or offer another");
  }
  return absl::OkStatus();
}

// [B2] The most pressing need comes first; an office that offers past it gives a reason. [H9] An earlier application is
// no reason.
absl::Status MayPassOver(const pb::ListEntry* before, std::string_view passed_over_reason_code) {
  if (before == nullptr || !passed_over_reason_code.empty()) return absl::OkStatus();
  return Refused("PASSED_OVER_REASON_REQUIRED",
                 "somebody suitable has a more pressing need; offer to them first or give a passed_over_reason_code",
                 {{"list_entry_id", before->id()}});
}

pb::PlaceOffer NewPlaceOffer(std::string id, const pb::Vacancy& vacancy, const pb::Application& application,
                             const pb::ListEntry& entry, const pb::SchemePolicy& policy, std::string_view today) {
  pb::PlaceOffer place_offer;
  place_offer.set_id(std::move(id));
  place_offer.set_state(pb::PLACE_OFFER_STATE_PENDING);
  place_offer.set_vacancy_id(vacancy.id());
  place_offer.set_place_id(vacancy.place_id());
  place_offer.set_scheme_id(vacancy.scheme_id());
  place_offer.set_policy_id(policy.id());
  place_offer.set_application_id(application.id());
  place_offer.set_list_entry_id(entry.id());
  place_offer.set_person_ref(application.person_ref());
  place_offer.set_from_date(std::max<std::string>(vacancy.from_date(), std::string(today)));
  // The last day to answer is never after the last day of the approval.
  place_offer.set_answer_by(std::min(PlusDays(today, policy.answer_days()), application.approved_until()));
  return place_offer;
}

// [H7] Nobody accepts an offer after its last day, even if the timer has not marked it as expired yet.
absl::Status MayAnswer(const pb::PlaceOffer& place_offer, std::string_view today) {
  if (place_offer.state() == pb::PLACE_OFFER_STATE_EXPIRED ||
      (place_offer.state() == pb::PLACE_OFFER_STATE_PENDING && place_offer.answer_by() < today)) {
    return Refused("OFFER_EXPIRED", "the last day to answer has passed");
  }
  if (place_offer.state() != pb::PLACE_OFFER_STATE_PENDING) {
    return WrongState(place_offer.state(), "the place offer was answered or revoked already");
  }
  return absl::OkStatus();
}

bool Stands(pb::PlaceOfferState state) {
  return state == pb::PLACE_OFFER_STATE_PENDING || state == pb::PLACE_OFFER_STATE_ACCEPTED;
}

absl::Status MayRevoke(const pb::PlaceOffer& place_offer) {
  if (!place_offer.stay_id().empty())
    return Refused("ALREADY_PLACED", "the place offer has led to a stay already; end or cancel the stay");
  if (Stands(place_offer.state())) return absl::OkStatus();
  return WrongState(place_offer.state(), "the place offer was declined, has expired or was revoked already");
}

// [H1] Nobody moves in before the place is free: the offer stands, and its first day moves with the place.
bool ApplyPostponement(std::string_view from_date, pb::PlaceOffer* place_offer) {
  if (from_date <= place_offer->from_date()) return false;
  place_offer->set_from_date(std::string(from_date));
  return true;
}

}  // namespace mestring::housing
