// The housing service. Each RPC of housing.proto is a use case that reads: check, load, rule, apply, save, publish. The
// rules are in the …_rules.h. What happens when time passes is in timers.cc.
#pragma once

#include "common/rpc/use_case.h"
#include "mestring/housing/v1/housing.pb.h"
#include "services/housing/stay_rules.h"

namespace mestring {

class Timers;
struct ServiceDefinition;

namespace housing {

namespace pb = v1;

// Registers the handlers of housing's timers (timers.cc).
void RegisterTimers(Timers& timers);

struct Housing {
  // Schemes, policies, places and other data
  MESTRING_WRITE(pb, RegisterHousingScheme);
  MESTRING_WRITE(pb, SetSchemePolicy);
  MESTRING_WRITE(pb, AddPlace);
  MESTRING_WRITE(pb, RemovePlace);
  MESTRING_WRITE(pb, ClosePlace);
  MESTRING_WRITE(pb, ReopenPlace);
  MESTRING_WRITE(pb, RegisterSupportTeam);
  MESTRING_WRITE(pb, SetCodeList);
  MESTRING_WRITE(pb, SetNeedRule);
  MESTRING_WRITE(pb, SetCaseRules);
  MESTRING_READ(pb, GetHousingScheme);
  MESTRING_READ(pb, ListHousingSchemes);
  MESTRING_READ(pb, ListSchemePolicies);
  MESTRING_READ(pb, GetPlace);
  MESTRING_READ(pb, ListPlaces);
  MESTRING_READ(pb, ListPlaceClosures);
  MESTRING_READ(pb, ListSupportTeams);
  MESTRING_READ(pb, GetCodeList);
  MESTRING_READ(pb, GetNeedRule);
  MESTRING_READ(pb, GetCaseRules);

  // Requisitions and referrals
  MESTRING_WRITE(pb, SubmitRequisition);
  MESTRING_WRITE(pb, DecideRequisition);
  MESTRING_WRITE(pb, WithdrawRequisition);
  MESTRING_READ(pb, GetRequisition);
  MESTRING_READ(pb, ListRequisitions);

  // Applications
  MESTRING_WRITE(pb, SubmitApplication);
  MESTRING_WRITE(pb, RequestInformation);
  MESTRING_WRITE(pb, CompleteApplication);
  MESTRING_WRITE(pb, GivePreliminaryAnswer);
  MESTRING_WRITE(pb, DecideApplication);
  MESTRING_WRITE(pb, RenewApproval);
  MESTRING_WRITE(pb, WithdrawApplication);
  MESTRING_WRITE(pb, LapseApplication);
  MESTRING_READ(pb, GetApplication);
  MESTRING_READ(pb, ListApplications);
  MESTRING_READ(pb, ListDecisions);

  // Need and the list
  MESTRING_WRITE(pb, AssessNeed);
  MESTRING_READ(pb, ListNeedAssessments);
  MESTRING_READ(pb, ListWaiting);
  MESTRING_WRITE(pb, OpenVacancy);
  MESTRING_WRITE(pb, CloseVacancy);
  MESTRING_READ(pb, GetVacancy);
  MESTRING_READ(pb, ListVacancies);
  MESTRING_READ(pb, ProposeCandidates);
  MESTRING_WRITE(pb, MakePlaceOffer);
  MESTRING_WRITE(pb, AnswerPlaceOffer);
  MESTRING_WRITE(pb, RevokePlaceOffer);
  MESTRING_READ(pb, GetPlaceOffer);
  MESTRING_READ(pb, ListPlaceOffers);

  // Stays
  MESTRING_WRITE(pb, ReserveStay);
  MESTRING_WRITE(pb, CancelStay);
  MESTRING_WRITE(pb, ConfirmArrival);
  MESTRING_WRITE(pb, RecordNotArrived);
  MESTRING_WRITE(pb, ExtendStay);
  MESTRING_WRITE(pb, MoveStay);
  MESTRING_WRITE(pb, EndStay);
  MESTRING_WRITE(pb, RecordAbsence);
  MESTRING_WRITE(pb, RecordReturn);
  MESTRING_WRITE(pb, JudgeOverstay);
  MESTRING_READ(pb, GetStay);
  MESTRING_READ(pb, ListStays);

  // Tenancies and follow-up at home
  MESTRING_WRITE(pb, GiveSpecialTermsNotice);
  MESTRING_WRITE(pb, SignTenancy);
  MESTRING_READ(pb, GetTenancy);
  MESTRING_READ(pb, ListTenancies);
  MESTRING_WRITE(pb, AssignSupportTeam);
  MESTRING_WRITE(pb, PlanContact);
  MESTRING_WRITE(pb, RecordContact);
  MESTRING_WRITE(pb, CancelContact);
  MESTRING_READ(pb, ListContacts);

  // Queries
  MESTRING_READ(pb, GetAvailability);
  MESTRING_READ(pb, ListUpcomingVacancies);
  MESTRING_READ(pb, ListDeadlines);
  MESTRING_READ(pb, ListStaysNearLimit);
  MESTRING_READ(pb, GetTeamLoads);
  MESTRING_READ(pb, GetMyStatus);
  MESTRING_READ(pb, GetOutcomeStatistics);
  MESTRING_READ(pb, GetNeedStatistics);
  MESTRING_WRITE(pb, PublishStatistics);
};

}  // namespace housing

// Name, ports, schema and maker: what RunService and the tests start.
ServiceDefinition HousingDefinition();

}  // namespace mestring
