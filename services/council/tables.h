// Which table stores which message of the contract.
#pragma once

#include "common/store/rows.h"
#include "mestring/council/v1/council.pb.h"

namespace mestring {

MESTRING_TABLE(council::v1::Mandate, "mandates", "mandate");
MESTRING_TABLE(council::v1::CodeList, "code_lists", "code list");
MESTRING_TABLE(council::v1::Seat, "seats", "seat");
MESTRING_TABLE(council::v1::SeatHolder, "seat_holders", "term");
MESTRING_TABLE(council::v1::AnnualPlan, "annual_plans", "annual plan");
MESTRING_TABLE(council::v1::Meeting, "meetings", "meeting");
MESTRING_TABLE(council::v1::VotingSeat, "voting_seats", "entitled seat");
MESTRING_TABLE(council::v1::Apology, "apologies", "apology");
MESTRING_TABLE(council::v1::Summons, "summonses", "summons");
MESTRING_TABLE(council::v1::AgendaItem, "agenda_items", "agenda item");
MESTRING_TABLE(council::v1::Disqualification, "disqualifications", "disqualification");
MESTRING_TABLE(council::v1::SeatRepresentation, "seat_representations", "representation of a seat");
MESTRING_TABLE(council::v1::AdviceRevision, "advice_revisions", "revision");
MESTRING_TABLE(council::v1::Minutes, "minutes", "minutes");
MESTRING_TABLE(council::v1::Suggestion, "suggestions", "suggestion");
MESTRING_TABLE(council::v1::Action, "actions", "action");
MESTRING_TABLE(council::v1::FigureSet, "figure_sets", "figures");
MESTRING_TABLE(council::v1::Indicator, "indicators", "indicator");
MESTRING_TABLE(council::v1::FeeClaim, "fee_claims", "fee claim");

}  // namespace mestring
