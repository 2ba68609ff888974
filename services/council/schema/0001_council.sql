-- The tables of the council. A table holds one resource of council.proto, column = field (common/store/rows.h):
-- dates are ISO text, so that they compare as they should; enums are the names of their values; an empty
-- string is NULL.
--
-- Unique indexes are the net below the rules: one holder of a role, one representation of a seat on an item,
-- one claim of a fee. A council has some tens of seats and some hundreds of items a year; indexes are for
-- what grows for ever (suggestions, representations) and for what is asked by somebody else's id.

-- Versions of the mandate; the newest is in force.
CREATE TABLE mandates (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  mandate_version BIGINT NOT NULL,
  notice_days BIGINT NOT NULL,
  extraordinary_notice_days BIGINT NOT NULL,
  input_days BIGINT NOT NULL,
  minutes_days BIGINT NOT NULL,
  term_months BIGINT NOT NULL,
  ordinary_meetings BIGINT NOT NULL,
  stale_days BIGINT NOT NULL,
  cell_min BIGINT NOT NULL,
  meeting_fee_ore BIGINT NOT NULL,
  expense_max_ore BIGINT NOT NULL,
  box_max BIGINT NOT NULL,
  seat_limits TEXT,
  action_owners TEXT,
  meeting_minutes BIGINT NOT NULL,
  -- The council's own words for its minutes; without them English ones are used.
  minutes_words TEXT,
  UNIQUE (mandate_version)
);

CREATE TABLE seats (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  state TEXT NOT NULL,
  kind TEXT NOT NULL,
  organisation_id TEXT,
  name TEXT NOT NULL
);
-- An organisation has one seat (C1).
CREATE UNIQUE INDEX seats_organisation ON seats (organisation_id) WHERE state = 'SEAT_STATE_ACTIVE';

-- Terms, those that ended too.
CREATE TABLE seat_holders (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  state TEXT NOT NULL,
  seat_id TEXT NOT NULL REFERENCES seats (id),
  role TEXT NOT NULL,
  person_ref TEXT NOT NULL,
  name TEXT NOT NULL,
  employed BIGINT NOT NULL,
  from_date TEXT,
  until_date TEXT,
  end_date TEXT,
  end_reason_code TEXT
);
-- One principal and one deputy at a time (C1).
CREATE UNIQUE INDEX seat_holders_one ON seat_holders (seat_id, role) WHERE state = 'HOLDER_STATE_ACTIVE';
-- Nobody sits on two seats: a delegation never goes to another organisation (C4).
CREATE UNIQUE INDEX seat_holders_person ON seat_holders (person_ref) WHERE state = 'HOLDER_STATE_ACTIVE';
CREATE INDEX seat_holders_seat ON seat_holders (seat_id, id);

CREATE TABLE annual_plans (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  year BIGINT NOT NULL,
  UNIQUE (year)
);

CREATE TABLE meetings (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  state TEXT NOT NULL,
  kind TEXT NOT NULL,
  annual_plan_id TEXT NOT NULL REFERENCES annual_plans (id),
  theme TEXT,
  meeting_date TEXT NOT NULL,
  start_time TEXT,
  place TEXT,
  mandate_id TEXT NOT NULL REFERENCES mandates (id),
  notice_by TEXT,
  input_by TEXT,
  minutes_by TEXT,
  call_date TEXT,
  close_date TEXT,
  reason TEXT,
  times_moved BIGINT NOT NULL,
  times_reopened BIGINT NOT NULL,
  minutes_before BIGINT NOT NULL,
  -- An ordinary meeting that was cancelled and is held on another day after all is a new meeting in its place (C5).
  replaces_meeting_id TEXT
);
-- One at a time: a year has exactly its ordinary meetings.
CREATE UNIQUE INDEX meetings_replacement ON meetings (replaces_meeting_id)
  WHERE replaces_meeting_id IS NOT NULL AND state <> 'MEETING_STATE_CANCELLED';
CREATE INDEX meetings_date ON meetings (meeting_date, id);
CREATE INDEX meetings_wheel ON meetings (annual_plan_id, meeting_date);

-- The seats as they were when a meeting was opened (C6). Nothing here follows a later change of seat_holders.
CREATE TABLE voting_seats (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  meeting_id TEXT NOT NULL REFERENCES meetings (id),
  seat_id TEXT NOT NULL REFERENCES seats (id),
  kind TEXT,
  seat_name TEXT,
  principal_id TEXT,
  principal_ref TEXT,
  principal_name TEXT,
  principal_employed BIGINT NOT NULL,
  principal_presence TEXT,
  deputy_id TEXT,
  deputy_ref TEXT,
  deputy_name TEXT,
  deputy_employed BIGINT NOT NULL,
  deputy_presence TEXT,
  deputy_summoned BIGINT NOT NULL,
  UNIQUE (meeting_id, seat_id)
);
-- A holder's own meetings.
CREATE INDEX voting_seats_principal ON voting_seats (principal_ref, meeting_id);
CREATE INDEX voting_seats_deputy ON voting_seats (deputy_ref, meeting_id);

-- Apologies and summonses of a day from which the meeting was moved are kept as VOID. Who apologised for the former
-- day may apologise for the new one: "once for each holder" holds among those in force only.
CREATE TABLE apologies (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  state TEXT NOT NULL,
  meeting_id TEXT NOT NULL REFERENCES meetings (id),
  seat_id TEXT,
  holder_id TEXT,
  role TEXT,
  by_self BIGINT NOT NULL
);
CREATE UNIQUE INDEX apologies_holder ON apologies (meeting_id, holder_id) WHERE state = 'APOLOGY_STATE_IN_FORCE';
CREATE INDEX apologies_meeting ON apologies (meeting_id, seat_id);

CREATE TABLE summonses (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  state TEXT NOT NULL,
  meeting_id TEXT NOT NULL REFERENCES meetings (id),
  seat_id TEXT,
  holder_id TEXT,
  cause TEXT,
  agenda_item_id TEXT
);
CREATE INDEX summonses_meeting ON summonses (meeting_id, seat_id);

CREATE TABLE agenda_items (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  state TEXT NOT NULL,
  kind TEXT NOT NULL,
  meeting_id TEXT NOT NULL REFERENCES meetings (id),
  position BIGINT NOT NULL,
  title TEXT,
  text TEXT,
  proposer_seat_id TEXT,
  suggestion_id TEXT,
  minutes_meeting_id TEXT,
  addition_decision TEXT,
  advice TEXT,
  discussion TEXT,
  reason TEXT,
  revision BIGINT NOT NULL
);
CREATE INDEX agenda_items_meeting ON agenda_items (meeting_id, position, id);

CREATE TABLE disqualifications (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  meeting_id TEXT,
  agenda_item_id TEXT NOT NULL REFERENCES agenda_items (id),
  seat_id TEXT,
  role TEXT,
  ground_code TEXT,
  UNIQUE (agenda_item_id, seat_id, role)
);

-- How each seat was represented on an item: once, or not at all (C2).
CREATE TABLE seat_representations (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  meeting_id TEXT,
  agenda_item_id TEXT NOT NULL REFERENCES agenda_items (id),
  seat_id TEXT NOT NULL,
  seat_name TEXT,
  basis TEXT,
  holder_id TEXT,
  person_ref TEXT,
  holder_name TEXT,
  vote TEXT,
  UNIQUE (agenda_item_id, seat_id)
);
-- The use of seats in a period of meetings.
CREATE INDEX seat_representations_meeting ON seat_representations (meeting_id, seat_id);

-- What an advice said before it was put right; never changed.
CREATE TABLE advice_revisions (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  agenda_item_id TEXT NOT NULL REFERENCES agenda_items (id),
  revision BIGINT NOT NULL,
  advice TEXT,
  discussion TEXT,
  UNIQUE (agenda_item_id, revision)
);

CREATE TABLE minutes (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  state TEXT NOT NULL,
  meeting_id TEXT NOT NULL REFERENCES meetings (id),
  minutes_version BIGINT NOT NULL,
  body TEXT,
  correction TEXT,
  sent_date TEXT,
  approve_date TEXT,
  approval_meeting_id TEXT,
  UNIQUE (meeting_id, minutes_version)
);
-- What waits for approval.
CREATE INDEX minutes_sent ON minutes (meeting_id) WHERE state = 'MINUTES_STATE_SENT';

-- What was said. Of an anonymous one no column knows who (C12); the CHECK is the net below the rule.
CREATE TABLE suggestions (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  state TEXT NOT NULL,
  origin TEXT NOT NULL,
  text TEXT,
  screening TEXT,
  proposer_ref TEXT,
  agenda_item_id TEXT,
  answer TEXT,
  answer_reason TEXT,
  report TEXT,
  reopen_reason TEXT,
  receive_date TEXT,
  answer_date TEXT,
  report_date TEXT,
  confirm_date TEXT,
  times_reopened BIGINT NOT NULL,
  CHECK (proposer_ref IS NULL OR origin = 'SUGGESTION_ORIGIN_MEMBER')
);
CREATE INDEX suggestions_state ON suggestions (state, id);
-- Open loops, the oldest first.
CREATE INDEX suggestions_open ON suggestions (id)
  WHERE state NOT IN ('SUGGESTION_STATE_CONFIRMED', 'SUGGESTION_STATE_TURNED_AWAY');
-- The answers of a period.
CREATE INDEX suggestions_answered ON suggestions (answer_date, answer);
-- Receipt codes as digests: who reads this table cannot follow up a suggestion in its owner's place.
CREATE TABLE receipts (
  digest TEXT PRIMARY KEY,
  suggestion_id TEXT NOT NULL REFERENCES suggestions (id)
);

CREATE TABLE actions (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  state TEXT NOT NULL,
  agenda_item_id TEXT NOT NULL REFERENCES agenda_items (id),
  suggestion_id TEXT,
  owner_service TEXT NOT NULL,
  title TEXT,
  due_date TEXT NOT NULL,
  overdue BIGINT NOT NULL,
  done_date TEXT,
  cancel_reason TEXT,
  -- The round of its suggestion in which it was given out.
  round BIGINT NOT NULL
);
CREATE INDEX actions_suggestion ON actions (suggestion_id, id);
CREATE INDEX actions_owner ON actions (owner_service, id);

-- What the services published, each thing once.
CREATE TABLE figure_sets (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  source TEXT NOT NULL,
  source_id TEXT,
  from_date TEXT,
  to_date TEXT,
  receive_date TEXT,
  figures TEXT,
  meeting_id TEXT,
  UNIQUE (source, source_id)
);
CREATE INDEX figure_sets_meeting ON figure_sets (meeting_id, id);

CREATE TABLE indicators (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  suggestion_id TEXT NOT NULL REFERENCES suggestions (id),
  code TEXT,
  name TEXT,
  before_value BIGINT NOT NULL,
  before_date TEXT,
  after_value BIGINT NOT NULL,
  after_date TEXT,
  UNIQUE (suggestion_id, code)
);

CREATE TABLE fee_claims (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  state TEXT NOT NULL,
  meeting_id TEXT NOT NULL REFERENCES meetings (id),
  person_ref TEXT NOT NULL,
  name TEXT,
  fee_ore BIGINT NOT NULL,
  expense_ore BIGINT NOT NULL,
  expense_note TEXT,
  reason TEXT,
  decide_date TEXT,
  UNIQUE (meeting_id, person_ref)
);
CREATE INDEX fee_claims_person ON fee_claims (person_ref, id);

-- Deadlines that another service missed, as counts and nothing else: no id, no person, no subject, so that no
-- individual case can be found here (C9). A month's rows become one set of figures some days after its end, and
-- are deleted then.
CREATE TABLE missed_deadlines (
  -- Its first day.
  month TEXT NOT NULL,
  -- The name of the DeadlineKind.
  kind TEXT NOT NULL,
  missed BIGINT NOT NULL,
  PRIMARY KEY (month, kind)
);

-- Versions of the lists of codes; the newest of a kind is in force. A kind without one takes every code.
CREATE TABLE code_lists (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  kind TEXT NOT NULL,
  list_version BIGINT NOT NULL,
  entries TEXT NOT NULL,
  UNIQUE (kind, list_version)
);
