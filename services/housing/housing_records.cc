#include "services/housing/housing_records.h"

// The questions to many rows, each with the index that answers it (schema/0001_housing.sql), and the
// few changes that belong to more than one use case.
//
// A stay holds its place in [start_date, held_until): the end with its turnaround days stands in the
// row, so that "who is in the way" is one range on one index, and looks only at what ends after the
// wanted start. Computing the end in SQL from the policy would need both engines' date functions and
// could use no index.

#include <utility>

#include "services/shared/code_lists.h"

namespace mestring::housing {
namespace {

// A closure that had not begun when the stay before it was to end.
absl::Status PutOff(Tx& tx, pb::PlaceClosure closure, const std::string& until) {
  closure.set_start_date(until);
  if (closure.held_until() <= until) return EndClosure(tx, until, &closure);
  TRY(Save(tx, closure));
  return PublishClosed(tx, closure);
}

absl::Status PutOff(Tx& tx, pb::Vacancy vacancy, const std::string& until) {
  vacancy.set_from_date(until);
  TRY(Save(tx, vacancy));
  TRY(PublishOpened(tx, vacancy));
  // Whoever was offered it goes by the day of their place offer.
  static const std::string tail = absl::StrCat("WHERE vacancy_id = :vacancy AND ", InStates(Stands));
  ASSIGN(std::optional<pb::PlaceOffer> place_offer, Find<pb::PlaceOffer>(tx, tail, vacancy.id()));
  if (!place_offer || !ApplyPostponement(until, &*place_offer)) return absl::OkStatus();
  TRY(Save(tx, *place_offer));
  auto event = About<pb::PlaceOfferPostponed>(*place_offer);
  event.set_from_date(until);
  return tx.Publish(event, *place_offer);
}

}  // namespace

// ---- Loads -----------------------------------------------------------------------------------------

absl::StatusOr<pb::OfferPolicy> PolicyInForce(Tx& tx, std::string_view offer_id, std::string_view date) {
  return Or(Find<pb::OfferPolicy>(tx,
                                  "WHERE offer_id = :offer AND valid_from <= :date "
                                  "ORDER BY valid_from DESC, policy_version DESC LIMIT 1",
                                  offer_id, date),
            Refused("POLICY_MISSING", "the offer has no policy in force on that date"));
}

absl::StatusOr<pb::CaseRules> CurrentCaseRules(Tx& tx) {
  return Or(Newest<pb::CaseRules>(tx), Refused("CASE_RULES_MISSING", "no case rules are in force"));
}

absl::StatusOr<pb::NeedRule> CurrentNeedRule(Tx& tx) {
  return Or(Newest<pb::NeedRule>(tx), Refused("NEED_RULE_MISSING", "no need rule is in force"));
}

absl::Status CheckCode(Tx& tx, pb::CodeListKind kind, std::string_view code) {
  ASSIGN(const auto list, CodeListOfVersion<pb::CodeList>(tx, kind, 0));
  return list && HasCode(*list, code) ? absl::OkStatus() : UnknownCode(kind);
}

absl::StatusOr<std::optional<pb::ListEntry>> LiveEntry(Tx& tx, std::string_view application_id) {
  return Find<pb::ListEntry>(
      tx, absl::StrCat("WHERE application_id = :application AND ", NotInState(pb::LIST_ENTRY_STATE_LEFT)),
      application_id);
}

absl::StatusOr<Tenancies> TenanciesOf(Tx& tx, const pb::Stay& stay) {
  Tenancies tenancies;
  ASSIGN(
      tenancies.contract,
      Find<pb::Tenancy>(tx, absl::StrCat("WHERE stay_id = :stay AND ", InState(pb::TENANCY_STATE_SIGNED)), stay.id()));
  ASSIGN(tenancies.notice,
         Find<pb::Tenancy>(tx, absl::StrCat("WHERE stay_id = :stay AND ", InState(pb::TENANCY_STATE_NOTIFIED)),
                           stay.id()));
  return tenancies;
}

// ---- Pages -----------------------------------------------------------------------------------------

Filter Within(const Scope& scope, bool has_organisation) {
  Filter filter;
  if (scope.kind == Scope::kAll) return filter;
  if (scope.kind == Scope::kPerson) return filter.IsExactly("person_ref", scope.value);
  if (!has_organisation) return filter.Where("1 = 0");
  if (scope.kind == Scope::kOrganisation) return filter.Where("organisation_id = ?", scope.value);
  return filter.Where("(organisation_id = ? OR responsible_unit = ?)", scope.value, scope.value);
}

// ---- Places ----------------------------------------------------------------------------------------

absl::StatusOr<bool> IsHeld(Tx& tx, std::string_view place_id, const Hold& hold) {
  static const std::string sql = absl::StrCat(
      "SELECT id FROM stays WHERE place_id = :place1 AND held_until > :start1 AND start_date < :until1 AND id <> :own1 "
      "UNION ALL SELECT id FROM stays WHERE place_id = :place2 AND state = 'STAY_STATE_ARRIVED' AND id <> :own2 "
      "AND :start2 <= :today "
      "UNION ALL SELECT id FROM place_closures WHERE place_id = :place3 AND held_until > :start3 AND start_date "
      "< :until3 "
      "UNION ALL SELECT id FROM vacancies WHERE place_id = :place4 AND id <> :own4 AND from_date < :until4 AND ",
      InStates(KeepsPlace), " LIMIT 1");
  ASSIGN(auto rows, tx.Query<std::string>(sql, place_id, hold.start_date, hold.held_until, hold.own_stay_id, place_id,
                                          hold.own_stay_id, hold.start_date, Today(tx), place_id, hold.start_date,
                                          hold.held_until, place_id, hold.own_vacancy_id, hold.held_until));
  return !rows.empty();
}

absl::Status CheckFree(Tx& tx, std::string_view place_id, const Hold& hold) {
  ASSIGN(const bool held, IsHeld(tx, place_id, hold));
  return MayHold(held, place_id);
}

absl::StatusOr<pb::Place> FirstFreePlace(Tx& tx, std::string_view offer_id, const Hold& hold) {
  static const std::string tail = absl::StrCat(
      "WHERE offer_id = :offer AND remove_date IS NULL "
      "AND NOT EXISTS (SELECT 1 FROM stays s WHERE s.place_id = places.id AND s.held_until > :start1 "
      "AND s.start_date < :until1) "
      "AND NOT EXISTS (SELECT 1 FROM stays a WHERE a.place_id = places.id AND a.state = 'STAY_STATE_ARRIVED' "
      "AND :start2 <= :today) "
      "AND NOT EXISTS (SELECT 1 FROM place_closures c WHERE c.place_id = places.id AND c.held_until > :start3 "
      "AND c.start_date < :until3) "
      "AND NOT EXISTS (SELECT 1 FROM vacancies v WHERE v.place_id = places.id AND v.from_date < :until4 AND ",
      InStates(KeepsPlace), ") ORDER BY label, id LIMIT 1");
  ASSIGN(std::vector<pb::Place> rows,
         Select<pb::Place>(tx, tail, offer_id, hold.start_date, hold.held_until, hold.start_date, Today(tx),
                           hold.start_date, hold.held_until, hold.held_until));
  TRY(MayHold(rows.empty()));
  return std::move(rows.front());
}

pb::PlaceState PlaceHolds::StateOf(const pb::Place& place) const {
  const auto found = stays.find(place.id());
  static const std::vector<pb::Stay> kNobody;
  return housing::StateOf(place, found == stays.end() ? kNobody : found->second, closed.contains(place.id()), date,
                          today);
}

absl::StatusOr<PlaceHolds> HoldsOn(Tx& tx, std::string_view date, std::string_view offer_id) {
  PlaceHolds holds;
  holds.date = std::string(date);
  holds.today = Today(tx);
  const std::string places = offer_id.empty() ? "(SELECT id FROM places WHERE id > :offer)"
                                              : "(SELECT id FROM places WHERE offer_id = :offer)";
  ASSIGN(auto rows, (tx.Query<std::string, std::string, std::string>(
                        absl::StrCat("SELECT place_id, state, end_date FROM stays WHERE held_until > :from "
                                     "AND start_date <= :until AND place_id IN ",
                                     places),
                        date, date, offer_id)));
  // Tonight, whoever has not left is there, also when the time of the stay is over. (Asked by the state
  // alone: with a date or a place SQLite would look for these few in the whole history.)
  if (date == holds.today) {
    ASSIGN(auto arrived,
           (tx.Query<std::string, std::string, std::string, std::string>(
               "SELECT place_id, state, end_date, held_until FROM stays WHERE state = 'STAY_STATE_ARRIVED'")));
    for (auto& [place_id, state, end_date, held_until] : arrived) {
      if (held_until <= date) rows.emplace_back(place_id, state, end_date);
    }
  }
  for (auto& [place_id, state, end_date] : rows) {
    pb::StayState parsed = pb::STAY_STATE_UNSPECIFIED;
    pb::StayState_Parse(state, &parsed);
    pb::Stay& stay = holds.stays[place_id].emplace_back();
    stay.set_state(parsed);
    stay.set_end_date(std::move(end_date));
  }
  ASSIGN(auto closures,
         tx.Query<std::string>(absl::StrCat("SELECT place_id FROM place_closures WHERE held_until > :from "
                                            "AND start_date <= :until AND place_id IN ",
                                            places),
                               date, date, offer_id));
  for (auto& [place_id] : closures) holds.closed.insert(std::move(place_id));
  return holds;
}

absl::Status MakeWay(Tx& tx, const pb::Stay& stay) {
  const std::string& until = stay.held_until();
  ASSIGN(std::vector<pb::Stay> reserved,
         Select<pb::Stay>(tx,
                          "WHERE place_id = :place AND held_until > :start AND start_date < :until "
                          "AND state = 'STAY_STATE_RESERVED' AND id <> :own ORDER BY start_date",
                          stay.place_id(), stay.start_date(), until, stay.id()));
  for (pb::Stay& other : reserved) TRY(EndReservation(tx, pb::STAY_STATE_CANCELLED, kPlaceNotVacated.code, &other));
  ASSIGN(std::vector<pb::PlaceClosure> closures,
         Select<pb::PlaceClosure>(tx, "WHERE place_id = :place AND held_until > :start AND start_date < :until",
                                  stay.place_id(), stay.start_date(), until));
  for (pb::PlaceClosure& closure : closures) TRY(PutOff(tx, std::move(closure), until));
  static const std::string kept =
      absl::StrCat("WHERE place_id = :place AND from_date < :until AND ", InStates(KeepsPlace));
  ASSIGN(std::vector<pb::Vacancy> vacancies, Select<pb::Vacancy>(tx, kept, stay.place_id(), until));
  for (pb::Vacancy& vacancy : vacancies) TRY(PutOff(tx, std::move(vacancy), until));
  return absl::OkStatus();
}

// ---- Events of more than one use case --------------------------------------------------------------

absl::Status PublishLapsed(Tx& tx, const pb::Requisition& requisition) {
  return tx.Publish(About<pb::RequisitionLapsed>(requisition), requisition);
}

absl::Status PublishOpened(Tx& tx, const pb::Vacancy& vacancy) {
  auto event = About<pb::VacancyOpened>(vacancy);
  event.set_offer_kind(vacancy.offer_kind());
  event.set_from_date(vacancy.from_date());
  return tx.Publish(event, vacancy);
}

absl::Status PublishClosed(Tx& tx, const pb::PlaceClosure& closure) {
  auto event = About<pb::PlaceClosed>(closure);
  event.set_start_date(closure.start_date());
  event.set_end_date(closure.end_date());
  event.set_reason_code(closure.reason_code());
  return tx.Publish(event, closure);
}

// ---- What one case does to another -----------------------------------------------------------------

absl::Status SaveDecision(Tx& tx, std::string_view earlier_id, pb::Decision* decision) {
  if (!earlier_id.empty()) {
    ASSIGN(pb::Decision earlier, Load<pb::Decision>(tx, earlier_id));
    ApplySupersession(*decision, &earlier);
    TRY(Save(tx, earlier));
    TRY(tx.CancelTimer(kComplaintTimer, earlier.id()));
  }
  TRY(Insert(tx, *decision));
  return tx.Schedule(kComplaintTimer, decision->id(), EndOf(tx, decision->complaint_deadline()));
}

absl::Status ReleaseSource(Tx& tx, const pb::Stay& stay) {
  if (!stay.place_offer_id().empty()) {
    ASSIGN(const pb::PlaceOffer place_offer, Load<pb::PlaceOffer>(tx, stay.place_offer_id()));
    return ReturnToList(tx, place_offer.application_id());
  }
  ASSIGN(pb::Requisition requisition, Load<pb::Requisition>(tx, stay.requisition_id()));
  ASSIGN(const pb::OfferPolicy policy, Load<pb::OfferPolicy>(tx, stay.policy_id()));
  ApplyRelease(stay, policy, Today(tx), &requisition);
  TRY(Save(tx, requisition));
  if (requisition.state() == pb::REQUISITION_STATE_GRANTED) {
    return tx.Schedule(kGrantTimer, requisition.id(), EndOf(tx, requisition.use_by()));
  }
  return PublishLapsed(tx, requisition);
}

absl::Status EndClosure(Tx& tx, const std::string& end_date, pb::PlaceClosure* closure) {
  closure->set_state(pb::PLACE_CLOSURE_STATE_ENDED);
  closure->set_end_date(end_date);
  closure->clear_held_until();
  TRY(Save(tx, *closure));
  auto event = About<pb::PlaceReopened>(*closure);
  event.set_end_date(end_date);
  return tx.Publish(event, *closure);
}

absl::Status ReopenVacancy(Tx& tx, std::string_view vacancy_id) {
  ASSIGN(pb::Vacancy vacancy, Load<pb::Vacancy>(tx, vacancy_id));
  vacancy.set_state(pb::VACANCY_STATE_OPEN);
  TRY(Save(tx, vacancy));
  return PublishOpened(tx, vacancy);
}

absl::Status ExpireApplication(Tx& tx, pb::Application* application) {
  application->set_state(pb::APPLICATION_STATE_EXPIRED);
  application->clear_place_offer_id();
  TRY(Save(tx, *application));
  TRY(tx.Publish(About<pb::ApplicationExpired>(*application), *application));
  return LeaveList(tx, application->id(), pb::LIST_LEAVE_REASON_EXPIRED);
}

absl::Status ReturnToList(Tx& tx, std::string_view application_id) {
  ASSIGN(pb::Application application, Load<pb::Application>(tx, application_id));
  if (IsExpired(application, Today(tx))) return ExpireApplication(tx, &application);
  ApplyRelease(&application);
  TRY(Save(tx, application));
  ASSIGN(pb::ListEntry entry, OrNotFound(LiveEntry(tx, application_id)));
  entry.set_state(pb::LIST_ENTRY_STATE_WAITING);
  TRY(Save(tx, entry));
  return tx.Publish(About<pb::ListReturned>(entry), entry);
}

absl::Status LeaveList(Tx& tx, std::string_view application_id, pb::ListLeaveReason reason) {
  ASSIGN(std::vector<pb::ListEntry> entries,
         Select<pb::ListEntry>(
             tx, absl::StrCat("WHERE application_id = :application AND ", NotInState(pb::LIST_ENTRY_STATE_LEFT)),
             application_id));
  for (pb::ListEntry& entry : entries) {
    entry.set_state(pb::LIST_ENTRY_STATE_LEFT);
    entry.set_leave_reason(reason);
    TRY(Save(tx, entry));
    auto event = About<pb::ListLeft>(entry);
    event.set_reason(reason);
    TRY(tx.Publish(event, entry));
  }
  return absl::OkStatus();
}

absl::Status Revoke(Tx& tx, std::string_view reason_code, pb::PlaceOffer* place_offer) {
  place_offer->set_state(pb::PLACE_OFFER_STATE_REVOKED);
  place_offer->set_end_reason_code(std::string(reason_code));
  TRY(Save(tx, *place_offer));
  TRY(tx.CancelTimer(kPlaceOfferTimer, place_offer->id()));
  auto event = About<pb::PlaceOfferRevoked>(*place_offer);
  event.set_reason_code(place_offer->end_reason_code());
  TRY(tx.Publish(event, *place_offer));
  return ReopenVacancy(tx, place_offer->vacancy_id());
}

absl::Status RevokeOfferOf(Tx& tx, const pb::Application& application) {
  if (application.place_offer_id().empty()) return absl::OkStatus();
  ASSIGN(pb::PlaceOffer place_offer, Load<pb::PlaceOffer>(tx, application.place_offer_id()));
  TRY(MayRevoke(place_offer));
  return Revoke(tx, kApplicationEnded.code, &place_offer);
}

absl::Status EndTenancy(Tx& tx, const std::string& end_date, pb::Tenancy* tenancy) {
  tenancy->set_state(pb::TENANCY_STATE_ENDED);
  tenancy->set_end_date(end_date);
  TRY(Save(tx, *tenancy));
  TRY(tx.CancelTimer(kTenancyTimer, tenancy->id()));
  auto event = About<pb::TenancyEnded>(*tenancy);
  event.set_end_date(end_date);
  return tx.Publish(event, *tenancy);
}

absl::Status CallOff(Tx& tx, pb::Contact* contact) {
  contact->set_state(pb::CONTACT_STATE_CANCELLED);
  TRY(Save(tx, *contact));
  TRY(tx.CancelTimer(kContactTimer, contact->id()));
  return tx.Publish(About<pb::ContactCancelled>(*contact), *contact);
}

}  // namespace mestring::housing
