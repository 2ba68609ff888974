// Tenancies and follow-up at home.
//
// A tenancy belongs to one stay and ends with it, or where the next one begins. A written notice of special terms is
// its first step, in the same row, so that the schema too refuses a signature without it (H8). A contact at home stores
// dates and codes only, and never what was said.

#include <utility>

#include "common/base/ids.h"
#include "common/store/records.h"
#include "mestring/housing/v1/housing_events.pb.h"
#include "services/housing/allocation_changes.h"
#include "services/housing/events.h"
#include "services/housing/housing.h"
#include "services/housing/reads.h"
#include "services/housing/stay_changes.h"
#include "services/housing/stay_rules.h"
#include "services/housing/tables.h"

namespace mestring::housing {

absl::Status Housing::GiveSpecialTermsNotice(Tx& tx, Call& call, const pb::GiveSpecialTermsNoticeRequest& request,
                                             pb::GiveSpecialTermsNoticeResponse* response) {
  const std::string notice_date = OrToday(tx, request.notice_date());
  ASSIGN(const pb::Stay stay,
         AtVersion(request.expected_version(), LoadVisible<pb::Stay>(tx, call, request.stay_id())));
  ASSIGN(const pb::SchemePolicy policy, Load<pb::SchemePolicy>(tx, stay.policy_id()));
  ASSIGN(const Tenancies tenancies, TenanciesOf(tx, stay));
  TRY(MayGiveNotice(stay, policy, tenancies, notice_date, Today(tx)));
  pb::Tenancy tenancy = NewTenancy(NewId(tx.now()), stay, policy);
  tenancy.set_notice_date(notice_date);
  TRY(Insert(tx, tenancy));
  auto event = About<pb::SpecialTermsNoticeGiven>(tenancy);
  event.set_notice_date(tenancy.notice_date());
  TRY(tx.Publish(event, tenancy));
  *response->mutable_tenancy() = std::move(tenancy);
  return absl::OkStatus();
}

absl::Status Housing::SignTenancy(Tx& tx, Call& call, const pb::SignTenancyRequest& request,
                                  pb::SignTenancyResponse* response) {
  ASSIGN(const pb::Stay stay,
         AtVersion(request.expected_version(), LoadVisible<pb::Stay>(tx, call, request.stay_id())));
  ASSIGN(const pb::SchemePolicy policy, Load<pb::SchemePolicy>(tx, stay.policy_id()));
  ASSIGN(Tenancies tenancies, TenanciesOf(tx, stay));
  const std::string start_date = request.start_date().empty() ? TenancyStart(stay, tenancies) : request.start_date();
  TRY(MaySign(stay, policy, tenancies, start_date, request.end_date(), Today(tx)));
  if (tenancies.contract) TRY(EndTenancy(tx, tenancies.contract->end_date(), &*tenancies.contract));
  pb::Tenancy tenancy = tenancies.notice ? *tenancies.notice : NewTenancy(NewId(tx.now()), stay, policy);
  tenancy.set_state(pb::TENANCY_STATE_SIGNED);
  tenancy.set_sign_date(Today(tx));
  tenancy.set_start_date(start_date);
  tenancy.set_end_date(request.end_date());
  TRY(tenancies.notice ? Save(tx, tenancy) : Insert(tx, tenancy));
  if (!tenancy.end_date().empty()) TRY(tx.Schedule(kTenancyTimer, tenancy.id(), EndOf(tx, tenancy.end_date())));
  auto event = About<pb::TenancySigned>(tenancy);
  event.set_kind(tenancy.kind());
  event.set_start_date(tenancy.start_date());
  event.set_end_date(tenancy.end_date());
  TRY(tx.Publish(event, tenancy));
  *response->mutable_tenancy() = std::move(tenancy);
  return absl::OkStatus();
}

absl::Status Housing::GetTenancy(Tx& tx, Call& call, const pb::GetTenancyRequest& request,
                                 pb::GetTenancyResponse* response) {
  ASSIGN(*response->mutable_tenancy(), LoadVisible<pb::Tenancy>(tx, call, request.tenancy_id()));
  return absl::OkStatus();
}

absl::Status Housing::ListTenancies(Tx& tx, Call& call, const pb::ListTenanciesRequest& request,
                                    pb::ListTenanciesResponse* response) {
  return ListPage(tx,
                  VisibleTo(ScopeOf(call.caller), false)
                      .Is("person_ref", request.person_ref())
                      .Is("stay_id", request.stay_id())
                      .IsState("state", request.state()),
                  request, response->mutable_tenancies(), response);
}

absl::Status Housing::AssignSupportTeam(Tx& tx, Call& call, const pb::AssignSupportTeamRequest& request,
                                        pb::AssignSupportTeamResponse* response) {
  ASSIGN(pb::Stay stay, AtVersion(request.expected_version(), LoadVisible<pb::Stay>(tx, call, request.stay_id())));
  TRY(MayHaveTeam(stay));
  TRY(Load<pb::SupportTeam>(tx, request.support_team_id()).status());
  stay.set_support_team_id(request.support_team_id());
  TRY(Save(tx, stay));
  pb::SupportTeamAssigned event;
  event.set_stay_id(stay.id());
  event.set_person_ref(stay.person_ref());
  event.set_support_team_id(stay.support_team_id());
  TRY(tx.Publish(event, stay));
  *response->mutable_stay() = std::move(stay);
  return absl::OkStatus();
}

absl::Status Housing::PlanContact(Tx& tx, Call& call, const pb::PlanContactRequest& request,
                                  pb::PlanContactResponse* response) {
  ASSIGN(const pb::Stay stay, LoadVisible<pb::Stay>(tx, call, request.stay_id()));
  TRY(MayPlanContact(stay, request.due_date(), Today(tx)));
  if (!request.support_team_id().empty()) TRY(Load<pb::SupportTeam>(tx, request.support_team_id()).status());
  pb::Contact contact;
  contact.set_id(NewId(tx.now()));
  contact.set_state(pb::CONTACT_STATE_PLANNED);
  contact.set_stay_id(stay.id());
  contact.set_person_ref(stay.person_ref());
  contact.set_support_team_id(request.support_team_id().empty() ? stay.support_team_id() : request.support_team_id());
  contact.set_kind(request.kind());
  contact.set_due_date(request.due_date());
  TRY(Insert(tx, contact));
  TRY(tx.Schedule(kContactTimer, contact.id(), EndOf(tx, contact.due_date())));
  auto event = About<pb::ContactPlanned>(contact);
  event.set_support_team_id(contact.support_team_id());
  event.set_kind(contact.kind());
  event.set_due_date(contact.due_date());
  TRY(tx.Publish(event, contact));
  *response->mutable_contact() = std::move(contact);
  return absl::OkStatus();
}

absl::Status Housing::RecordContact(Tx& tx, Call& call, const pb::RecordContactRequest& request,
                                    pb::RecordContactResponse* response) {
  const std::string held_date = OrToday(tx, request.held_date());
  ASSIGN(pb::Contact contact,
         AtVersion(request.expected_version(), LoadVisible<pb::Contact>(tx, call, request.contact_id())));
  TRY(MayRecord(contact, held_date, Today(tx)));
  contact.set_state(pb::CONTACT_STATE_HELD);
  contact.set_held_date(held_date);
  contact.set_outcome_code(request.outcome_code());
  TRY(Save(tx, contact));
  TRY(tx.CancelTimer(kContactTimer, contact.id()));
  auto event = About<pb::ContactHeld>(contact);
  event.set_support_team_id(contact.support_team_id());
  event.set_kind(contact.kind());
  event.set_held_date(contact.held_date());
  event.set_outcome_code(contact.outcome_code());
  TRY(tx.Publish(event, contact));
  *response->mutable_contact() = std::move(contact);
  return absl::OkStatus();
}

absl::Status Housing::CancelContact(Tx& tx, Call& call, const pb::CancelContactRequest& request,
                                    pb::CancelContactResponse* response) {
  ASSIGN(pb::Contact contact,
         AtVersion(request.expected_version(), LoadVisible<pb::Contact>(tx, call, request.contact_id())));
  TRY(MayCancel(contact));
  TRY(CallOff(tx, &contact));
  *response->mutable_contact() = std::move(contact);
  return absl::OkStatus();
}

absl::Status Housing::ListContacts(Tx& tx, Call& call, const pb::ListContactsRequest& request,
                                   pb::ListContactsResponse* response) {
  TRY(LoadVisible<pb::Stay>(tx, call, request.stay_id()).status());
  return ListPage(tx, Filter().Is("stay_id", request.stay_id()), request, response->mutable_contacts(), response);
}

}  // namespace mestring::housing
