// The activities service. Each RPC of activities.proto is a use case that reads: check, load, rule, apply, save,
// publish. The rules are in the …_rules.h. What happens when time passes is in timers.cc, what the service learns
// from other services in subscriptions.cc.
#pragma once

#include "common/rpc/use_case.h"
#include "mestring/activities/v1/activities.pb.h"

namespace mestring {

struct ServiceDefinition;

namespace activities {

namespace pb = v1;

struct Activities {
  // Policy and codes
  MESTRING_WRITE(pb, SetPolicy);
  MESTRING_READ(pb, GetPolicy);
  MESTRING_WRITE(pb, SetCodeList);
  MESTRING_READ(pb, GetCodeList);

  // Activities and sessions
  MESTRING_WRITE(pb, CreateActivity);
  MESTRING_WRITE(pb, UpdateActivity);
  MESTRING_WRITE(pb, EndActivity);
  MESTRING_READ(pb, GetActivity);
  MESTRING_READ(pb, ListActivities);
  MESTRING_WRITE(pb, ScheduleSessions);
  MESTRING_WRITE(pb, MoveSession);
  MESTRING_WRITE(pb, CancelSession);
  MESTRING_WRITE(pb, SetQuotas);
  MESTRING_WRITE(pb, SetWaitingList);
  MESTRING_WRITE(pb, AssignLeader);
  MESTRING_WRITE(pb, UnassignLeader);
  MESTRING_READ(pb, GetSession);
  MESTRING_READ(pb, ListSessions);
  MESTRING_READ(pb, ListOpenSessions);
  MESTRING_READ(pb, GetCalendar);

  // Seats
  MESTRING_WRITE(pb, Enrol);
  MESTRING_WRITE(pb, WithdrawEnrolment);
  MESTRING_WRITE(pb, RemoveEnrolment);
  MESTRING_WRITE(pb, JoinWaitingList);
  MESTRING_WRITE(pb, LeaveWaitingList);
  MESTRING_WRITE(pb, AnswerSeatOffer);
  MESTRING_READ(pb, ListEnrolments);
  MESTRING_READ(pb, ListWaitEntries);
  MESTRING_READ(pb, GetMySeats);

  // Attendance and obstacles
  MESTRING_WRITE(pb, RecordAttendance);
  MESTRING_WRITE(pb, CorrectAttendance);
  MESTRING_READ(pb, ListAttendance);
  MESTRING_WRITE(pb, RecordObstacle);
  MESTRING_WRITE(pb, ClearObstacle);
  MESTRING_READ(pb, ListObstacles);

  // Follow-up of absences
  MESTRING_WRITE(pb, SetFollowUp);
  MESTRING_READ(pb, GetFollowUp);
  MESTRING_READ(pb, ListParticipations);

  // Drop-in without a name
  MESTRING_WRITE(pb, OpenPeriod);
  // A read, because the answer of a write is stored for repeats: nothing about a card may be stored.
  MESTRING_READ(pb, IssueVisitCards);
  MESTRING_WRITE(pb, RecordDropIn);
  MESTRING_WRITE(pb, ClosePeriod);
  MESTRING_READ(pb, GetPeriodStatistics);
  MESTRING_READ(pb, ListPeriods);

  // From participant to leader
  MESTRING_WRITE(pb, WishLeaderStep);
  MESTRING_WRITE(pb, RecordRequirement);
  MESTRING_WRITE(pb, AssignGuide);
  MESTRING_WRITE(pb, RemoveGuide);
  MESTRING_WRITE(pb, ConfirmLeaderStep);
  MESTRING_WRITE(pb, StepBack);
  MESTRING_WRITE(pb, PauseLeader);
  MESTRING_WRITE(pb, ResumeLeader);
  MESTRING_READ(pb, GetLeaderPath);
  MESTRING_READ(pb, ListLeaderPaths);

  // Cost shares, fund and grants
  MESTRING_WRITE(pb, SetCostShares);
  MESTRING_WRITE(pb, RecordOwnSharePaid);
  MESTRING_WRITE(pb, OpenFund);
  MESTRING_WRITE(pb, RecordDonation);
  MESTRING_WRITE(pb, RecordEligibility);
  MESTRING_WRITE(pb, RequestGrant);
  MESTRING_WRITE(pb, DecideGrant);
  MESTRING_WRITE(pb, PayGrant);
  MESTRING_WRITE(pb, ReleaseGrant);
  MESTRING_WRITE(pb, ReverseGrant);
  MESTRING_READ(pb, GetFund);
  MESTRING_READ(pb, ListFunds);
  MESTRING_READ(pb, ListLedgerEntries);
  MESTRING_READ(pb, ListGrants);
};

}  // namespace activities

// Name, ports, schema and maker: what RunService and the tests start.
ServiceDefinition ActivitiesDefinition();

}  // namespace mestring
