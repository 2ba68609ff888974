// Which table stores which message of the contract (schema/0001_housing.sql).
#pragma once

#include "common/store/rows.h"
#include "mestring/housing/v1/housing.pb.h"

namespace mestring {

MESTRING_TABLE(housing::v1::HousingScheme, "schemes", "scheme", "policy");
MESTRING_TABLE(housing::v1::SchemePolicy, "offer_policies", "policy");
MESTRING_TABLE(housing::v1::Place, "places", "place", "state");
MESTRING_TABLE(housing::v1::PlaceClosure, "place_closures", "closure");
MESTRING_TABLE(housing::v1::SupportTeam, "support_teams", "support team");
MESTRING_TABLE(housing::v1::CodeList, "code_lists", "code list");
MESTRING_TABLE(housing::v1::NeedRule, "need_rules", "need rule");
MESTRING_TABLE(housing::v1::CaseRules, "case_rules", "case rules");
MESTRING_TABLE(housing::v1::Requisition, "requisitions", "requisition");
MESTRING_TABLE(housing::v1::Decision, "decisions", "decision");
MESTRING_TABLE(housing::v1::Application, "applications", "application");
MESTRING_TABLE(housing::v1::NeedAssessment, "need_assessments", "need assessment");
MESTRING_TABLE(housing::v1::ListEntry, "list_entries", "list entry");
MESTRING_TABLE(housing::v1::Vacancy, "vacancies", "vacancy");
MESTRING_TABLE(housing::v1::PlaceOffer, "place_offers", "place offer");
MESTRING_TABLE(housing::v1::Stay, "stays", "stay");
MESTRING_TABLE(housing::v1::Tenancy, "tenancies", "tenancy");
MESTRING_TABLE(housing::v1::Contact, "contacts", "contact");

}  // namespace mestring
