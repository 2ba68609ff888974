// From an approval to a place: need, the waiting list, vacancies and place offers.
//
// A partial index over rank_key (schema) is the list: score from high to low, then a lot. When an offer is declined,
// expires or is revoked, its vacancy is open again and ProposeCandidates shows who is first for it now. No program
// makes an offer: a person decides which of two people gets a home, and gives a reason if it is not the first.

#include <utility>

#include "common/base/ids.h"
#include "common/store/records.h"
#include "mestring/housing/v1/housing_events.pb.h"
#include "services/housing/allocation_changes.h"
#include "services/housing/application_rules.h"
#include "services/housing/events.h"
#include "services/housing/housing.h"
#include "services/housing/place_holds.h"
#include "services/housing/reads.h"
#include "services/housing/tables.h"

namespace mestring::housing {
namespace {

// Sorts after every rank key: those begin with a digit.
constexpr std::string_view kAfterAll = "z";

// The entries that wait, suit the vacancy, have a valid approval and were never offered this vacancy, in the order of
// need and before the rank `before`.
absl::StatusOr<std::vector<pb::ListEntry>> Candidates(Tx& tx, const pb::Vacancy& vacancy, std::string_view before,
                                                      int limit) {
  // The kinds are a JSON list of names; no name is part of another within its quotes.
  const std::string suits = absl::StrCat("%\"", pb::SchemeKind_Name(vacancy.scheme_kind()), "\"%");
  static const std::string tail = absl::StrCat(
      "WHERE ", InState(pb::LIST_ENTRY_STATE_WAITING),
      " AND rank_key < :before AND suitable_kinds LIKE :suits AND approved_until >= :today AND NOT EXISTS (SELECT 1 "
      "FROM "
      "place_offers o WHERE o.vacancy_id = :vacancy AND o.list_entry_id = list_entries.id) ORDER BY rank_key LIMIT "
      ":limit");
  return Select<pb::ListEntry>(tx, tail, before, suits, Today(tx), vacancy.id(), limit);
}

}  // namespace

// ---- Need ------------------------------------------------------------------------------------------

absl::Status Housing::AssessNeed(Tx& tx, Call& call, const pb::AssessNeedRequest& request,
                                 pb::AssessNeedResponse* response) {
  TRY(Check(request));
  ASSIGN(pb::Application application,
         AtVersion(request.expected_version(), LoadVisible<pb::Application>(tx, call, request.application_id())));
  TRY(MayAssess(application));
  ASSIGN(const pb::NeedRule rule, CurrentNeedRule(tx));
  ASSIGN(const int64_t score, Score(rule, request));
  pb::NeedAssessment assessment =
      NewAssessment(NewId(tx.now()), call.caller, application, request, rule, score, Today(tx));
  TRY(Insert(tx, assessment));
  application.set_assessment_id(assessment.id());
  if (application.state() == pb::APPLICATION_STATE_SUBMITTED) application.set_state(pb::APPLICATION_STATE_UNDER_REVIEW);
  const bool enters = application.state() == pb::APPLICATION_STATE_APPROVED;
  if (enters) application.set_state(pb::APPLICATION_STATE_LISTED);
  TRY(Save(tx, application));
  pb::NeedAssessed event;
  event.set_application_id(application.id());
  event.set_person_ref(application.person_ref());
  event.set_assessment_id(assessment.id());
  event.set_rule_version(assessment.rule_version());
  event.set_reason_code(assessment.reason_code());
  if (!enters && application.state() == pb::APPLICATION_STATE_LISTED) {
    ASSIGN(std::optional<pb::ListEntry> entry, LiveEntry(tx, application.id()));
    if (!entry) return absl::InternalError("a listed application without a list entry");
    ApplyAssessment(assessment, &*entry);
    TRY(Save(tx, *entry));
    event.set_list_entry_id(entry->id());
    *response->mutable_list_entry() = *std::move(entry);
  }
  TRY(tx.Publish(event, application));
  if (enters) {
    ASSIGN(*response->mutable_list_entry(), EnterList(tx, application, assessment));
  }
  *response->mutable_assessment() = std::move(assessment);
  *response->mutable_application() = std::move(application);
  return absl::OkStatus();
}

absl::Status Housing::ListNeedAssessments(Tx& tx, Call& call, const pb::ListNeedAssessmentsRequest& request,
                                          pb::ListNeedAssessmentsResponse* response) {
  TRY(LoadVisible<pb::Application>(tx, call, request.application_id()).status());
  return ListPage(tx, Filter().Is("application_id", request.application_id()), request, response->mutable_assessments(),
                  response, {.descending = true});
}

absl::Status Housing::ListWaiting(Tx& tx, Call&, const pb::ListWaitingRequest& request,
                                  pb::ListWaitingResponse* response) {
  Filter filter;
  filter.Where(InState(pb::LIST_ENTRY_STATE_WAITING));
  if (request.suitable_kind() != pb::SCHEME_KIND_UNSPECIFIED) {
    filter.Where("suitable_kinds LIKE ?", absl::StrCat("%\"", pb::SchemeKind_Name(request.suitable_kind()), "\"%"));
  }
  return ListPage(tx, std::move(filter), request, response->mutable_entries(), response, {.key = "rank_key"});
}

// ---- Vacancies -------------------------------------------------------------------------------------

absl::Status Housing::OpenVacancy(Tx& tx, Call&, const pb::OpenVacancyRequest& request,
                                  pb::OpenVacancyResponse* response) {
  const std::string today = Today(tx);
  ASSIGN(const pb::Place place, Load<pb::Place>(tx, request.place_id()));
  ASSIGN(const pb::HousingScheme scheme, Load<pb::HousingScheme>(tx, place.scheme_id()));
  ASSIGN(const pb::SchemePolicy policy, PolicyInForce(tx, scheme.id(), today));
  pb::Vacancy vacancy;
  vacancy.set_id(NewId(tx.now()));
  vacancy.set_state(pb::VACANCY_STATE_OPEN);
  vacancy.set_place_id(place.id());
  vacancy.set_scheme_id(scheme.id());
  vacancy.set_scheme_kind(scheme.kind());
  vacancy.set_from_date(OrToday(tx, request.from_date()));
  ASSIGN(const bool is_kept, IsHeld(tx, place.id(), {today, std::string(kNoEnd)}, Holders::kVacancies));
  TRY(MayOpenVacancy(policy, place, vacancy.from_date(), is_kept, today));
  TRY(CheckFree(tx, place.id(), {vacancy.from_date(), std::string(kNoEnd)}));
  TRY(Insert(tx, vacancy));
  TRY(PublishOpened(tx, vacancy));
  *response->mutable_vacancy() = std::move(vacancy);
  return absl::OkStatus();
}

absl::Status Housing::CloseVacancy(Tx& tx, Call&, const pb::CloseVacancyRequest& request,
                                   pb::CloseVacancyResponse* response) {
  ASSIGN(pb::Vacancy vacancy, AtVersion(request.expected_version(), Load<pb::Vacancy>(tx, request.vacancy_id())));
  TRY(MayClose(vacancy));
  vacancy.set_state(pb::VACANCY_STATE_CLOSED);
  TRY(Save(tx, vacancy));
  TRY(tx.Publish(About<pb::VacancyClosed>(vacancy), vacancy));
  *response->mutable_vacancy() = std::move(vacancy);
  return absl::OkStatus();
}

absl::Status Housing::GetVacancy(Tx& tx, Call&, const pb::GetVacancyRequest& request,
                                 pb::GetVacancyResponse* response) {
  ASSIGN(*response->mutable_vacancy(), Load<pb::Vacancy>(tx, request.vacancy_id()));
  return absl::OkStatus();
}

absl::Status Housing::ListVacancies(Tx& tx, Call&, const pb::ListVacanciesRequest& request,
                                    pb::ListVacanciesResponse* response) {
  return ListPage(tx, Filter().IsState("state", request.state()), request, response->mutable_vacancies(), response);
}

absl::Status Housing::ProposeCandidates(Tx& tx, Call&, const pb::ProposeCandidatesRequest& request,
                                        pb::ProposeCandidatesResponse* response) {
  ASSIGN(const pb::Vacancy vacancy, Load<pb::Vacancy>(tx, request.vacancy_id()));
  ASSIGN(std::vector<pb::ListEntry> candidates, Candidates(tx, vacancy, kAfterAll, PageSize(request.page_size())));
  for (pb::ListEntry& entry : candidates) *response->add_candidates() = std::move(entry);
  return SetAsOf(tx, response);
}

// ---- Place offers ----------------------------------------------------------------------------------

absl::Status Housing::MakePlaceOffer(Tx& tx, Call& call, const pb::MakePlaceOfferRequest& request,
                                     pb::MakePlaceOfferResponse* response) {
  const std::string today = Today(tx);
  ASSIGN(pb::Application application, LoadVisible<pb::Application>(tx, call, request.application_id()));
  ASSIGN(pb::Vacancy vacancy, Load<pb::Vacancy>(tx, request.vacancy_id()));
  ASSIGN(std::optional<pb::ListEntry> entry, LiveEntry(tx, application.id()));
  TRY(MayOffer(vacancy, application, entry.value_or(pb::ListEntry()), today));
  ASSIGN(const std::vector<pb::ListEntry> before, Candidates(tx, vacancy, entry->rank_key(), 1));
  TRY(MayPassOver(before.empty() ? nullptr : &before.front(), request.passed_over_reason_code()));
  ASSIGN(const pb::SchemePolicy policy, PolicyInForce(tx, vacancy.scheme_id(), today));
  pb::PlaceOffer place_offer = NewPlaceOffer(NewId(tx.now()), vacancy, application, *entry, policy, today);
  place_offer.set_passed_over_reason_code(request.passed_over_reason_code());
  TRY(Insert(tx, place_offer));
  TRY(tx.Schedule(kPlaceOfferTimer, place_offer.id(), EndOf(tx, place_offer.answer_by())));
  vacancy.set_state(pb::VACANCY_STATE_OFFERED);
  TRY(Save(tx, vacancy));
  entry->set_state(pb::LIST_ENTRY_STATE_OFFERED);
  TRY(Save(tx, *entry));
  application.set_state(pb::APPLICATION_STATE_OFFERED);
  application.set_place_offer_id(place_offer.id());
  TRY(Save(tx, application));
  auto event = About<pb::PlaceOfferMade>(place_offer);
  event.set_vacancy_id(place_offer.vacancy_id());
  event.set_list_entry_id(place_offer.list_entry_id());
  event.set_from_date(place_offer.from_date());
  event.set_answer_by(place_offer.answer_by());
  TRY(tx.Publish(event, place_offer));
  *response->mutable_place_offer() = std::move(place_offer);
  return absl::OkStatus();
}

absl::Status Housing::AnswerPlaceOffer(Tx& tx, Call& call, const pb::AnswerPlaceOfferRequest& request,
                                       pb::AnswerPlaceOfferResponse* response) {
  TRY(Check(request));
  ASSIGN(pb::PlaceOffer place_offer,
         AtVersion(request.expected_version(), LoadVisible<pb::PlaceOffer>(tx, call, request.place_offer_id())));
  TRY(MayAnswer(place_offer, Today(tx)));
  const bool accepts = request.answer() == pb::ANSWER_ACCEPT;
  place_offer.set_state(accepts ? pb::PLACE_OFFER_STATE_ACCEPTED : pb::PLACE_OFFER_STATE_DECLINED);
  place_offer.set_end_reason_code(request.decline_reason_code());
  TRY(Save(tx, place_offer));
  TRY(tx.CancelTimer(kPlaceOfferTimer, place_offer.id()));
  auto event = About<pb::PlaceOfferAnswered>(place_offer);
  event.set_answer(request.answer());
  event.set_decline_reason_code(request.decline_reason_code());
  TRY(tx.Publish(event, place_offer));
  // [B1] A person may decline a permanent home and keeps everything else.
  if (!accepts) {
    TRY(ReopenVacancy(tx, place_offer.vacancy_id()));
    TRY(ReturnToList(tx, place_offer.application_id()));
  }
  *response->mutable_place_offer() = std::move(place_offer);
  return absl::OkStatus();
}

absl::Status Housing::RevokePlaceOffer(Tx& tx, Call& call, const pb::RevokePlaceOfferRequest& request,
                                       pb::RevokePlaceOfferResponse* response) {
  ASSIGN(pb::PlaceOffer place_offer,
         AtVersion(request.expected_version(), LoadVisible<pb::PlaceOffer>(tx, call, request.place_offer_id())));
  TRY(MayRevoke(place_offer));
  TRY(Revoke(tx, request.reason_code(), &place_offer));
  TRY(ReturnToList(tx, place_offer.application_id()));
  *response->mutable_place_offer() = std::move(place_offer);
  return absl::OkStatus();
}

absl::Status Housing::GetPlaceOffer(Tx& tx, Call& call, const pb::GetPlaceOfferRequest& request,
                                    pb::GetPlaceOfferResponse* response) {
  ASSIGN(*response->mutable_place_offer(), LoadVisible<pb::PlaceOffer>(tx, call, request.place_offer_id()));
  return absl::OkStatus();
}

absl::Status Housing::ListPlaceOffers(Tx& tx, Call& call, const pb::ListPlaceOffersRequest& request,
                                      pb::ListPlaceOffersResponse* response) {
  return ListPage(
      tx,
      VisibleTo(ScopeOf(call.caller), false).Is("person_ref", request.person_ref()).IsState("state", request.state()),
      request, response->mutable_place_offers(), response);
}

}  // namespace mestring::housing
