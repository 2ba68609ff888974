// Which table stores which message of the contract.
#pragma once

#include "common/store/rows.h"
#include "mestring/activities/v1/activities.pb.h"

namespace mestring {

MESTRING_TABLE(activities::v1::ActivityPolicy, "policies", "policy");
MESTRING_TABLE(activities::v1::CodeList, "code_lists", "code list");
MESTRING_TABLE(activities::v1::Activity, "activities", "activity");
MESTRING_TABLE(activities::v1::Session, "sessions", "session", "seat_counts");
MESTRING_TABLE(activities::v1::SessionLeader, "session_leaders", "leader of a session");
MESTRING_TABLE(activities::v1::Enrolment, "enrolments", "enrolment");
MESTRING_TABLE(activities::v1::WaitEntry, "wait_entries", "place on the waiting list", "position");
MESTRING_TABLE(activities::v1::Attendance, "attendances", "attendance");
MESTRING_TABLE(activities::v1::Obstacle, "obstacles", "obstacle");
MESTRING_TABLE(activities::v1::FollowUp, "follow_ups", "follow-up");
MESTRING_TABLE(activities::v1::Participation, "participations", "participation");
MESTRING_TABLE(activities::v1::Period, "periods", "period");
MESTRING_TABLE(activities::v1::DropInTally, "drop_in_tallies", "tally");
MESTRING_TABLE(activities::v1::LeaderPath, "leader_paths", "way to leader");
MESTRING_TABLE(activities::v1::MetRequirement, "met_requirements", "requirement");
MESTRING_TABLE(activities::v1::Fund, "funds", "fund", "available_ore", "forecast_ore");
MESTRING_TABLE(activities::v1::LedgerEntry, "ledger_entries", "entry");
MESTRING_TABLE(activities::v1::Grant, "grants", "grant");
MESTRING_TABLE(activities::v1::Eligibility, "eligibilities", "statement");

}  // namespace mestring
