// The council service. Each RPC of council.proto is a use case that reads: check, load, rule, apply, save, publish. The
// rules are in the …_rules.h. What happens when time passes is in timers.cc, what the council learns from other
// services in subscriptions.cc.
#pragma once

#include "common/rpc/use_case.h"
#include "mestring/council/v1/council.pb.h"

namespace mestring {

struct ServiceDefinition;

namespace council {

namespace pb = v1;

struct Council {
  // Mandate and seats
  MESTRING_WRITE(pb, SetMandate);
  MESTRING_READ(pb, GetMandate);
  MESTRING_WRITE(pb, SetCodeList);
  MESTRING_READ(pb, GetCodeList);
  MESTRING_WRITE(pb, RegisterSeat);
  MESTRING_WRITE(pb, RetireSeat);
  MESTRING_WRITE(pb, AppointHolder);
  MESTRING_WRITE(pb, EndTerm);
  MESTRING_READ(pb, GetSeatMap);
  MESTRING_READ(pb, ListHolders);

  // The year and its meetings
  MESTRING_WRITE(pb, SetAnnualPlan);
  MESTRING_READ(pb, GetAnnualPlan);
  MESTRING_WRITE(pb, PlanMeeting);
  MESTRING_WRITE(pb, MoveMeeting);
  MESTRING_WRITE(pb, SendNotice);
  MESTRING_WRITE(pb, CancelMeeting);
  MESTRING_WRITE(pb, OpenMeeting);
  MESTRING_WRITE(pb, EndSitting);
  MESTRING_WRITE(pb, FinaliseMeeting);
  MESTRING_WRITE(pb, ReopenMeeting);
  MESTRING_READ(pb, GetMeeting);
  MESTRING_READ(pb, ListMeetings);
  MESTRING_READ(pb, GetCalendar);

  // Who is there
  MESTRING_WRITE(pb, RegisterApology);
  MESTRING_WRITE(pb, SummonDeputy);
  MESTRING_WRITE(pb, MarkPresence);
  MESTRING_WRITE(pb, DeclareDisqualified);
  MESTRING_READ(pb, ListSeatRepresentations);

  // The agenda
  MESTRING_WRITE(pb, AddAgendaItem);
  MESTRING_WRITE(pb, ScheduleAgendaItem);
  MESTRING_WRITE(pb, RecordDiscussion);
  MESTRING_WRITE(pb, RecordAdvice);
  MESTRING_WRITE(pb, SettleAgendaItem);

  // Minutes
  MESTRING_WRITE(pb, WriteMinutes);
  MESTRING_WRITE(pb, SendMinutes);
  MESTRING_WRITE(pb, ApproveMinutes);
  MESTRING_READ(pb, GetMinutes);

  // You said – we did
  MESTRING_WRITE(pb, AddSuggestion);
  MESTRING_WRITE(pb, SubmitAnonymousSuggestion);
  MESTRING_WRITE(pb, ScreenSuggestion);
  MESTRING_WRITE(pb, AnswerSuggestion);
  MESTRING_WRITE(pb, ReportBack);
  MESTRING_WRITE(pb, AnswerReportBack);
  MESTRING_WRITE(pb, AnswerReportBackByReceipt);
  MESTRING_READ(pb, GetSuggestion);
  MESTRING_READ(pb, GetSuggestionByReceipt);
  MESTRING_READ(pb, ListSuggestions);

  // Actions, figures and indicators
  MESTRING_WRITE(pb, CreateAction);
  MESTRING_WRITE(pb, UpdateAction);
  MESTRING_READ(pb, GetAction);
  MESTRING_READ(pb, ListActions);
  MESTRING_READ(pb, ListFigures);
  MESTRING_WRITE(pb, RecordIndicator);
  MESTRING_READ(pb, ListIndicators);

  // Fees
  MESTRING_WRITE(pb, SubmitFeeClaim);
  MESTRING_WRITE(pb, DecideFeeClaim);
  MESTRING_READ(pb, ListFeeClaims);

  // Queries
  MESTRING_READ(pb, ListOpenLoops);
  MESTRING_READ(pb, ListDeadlines);
  MESTRING_READ(pb, GetCouncilStatistics);
};

}  // namespace council

// Name, ports, schema and maker: what RunService and the tests start.
ServiceDefinition CouncilDefinition();

}  // namespace mestring
