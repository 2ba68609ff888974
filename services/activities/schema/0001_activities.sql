-- The tables of activities. A table holds one resource of activities.proto, column = field (common/store/rows.h):
-- dates are ISO text, instants microseconds, enums the names of their values, lists JSON; an empty string
-- is NULL.
--
-- Partial unique indexes and checks are the net below the rules: should a rule fail, the database still
-- refuses. That a quota is never exceeded (A1) is a count over rows, which no constraint of both engines can
-- say; it rests on the rule and on writes that run one at a time.
--
-- Nothing about drop-ins has a column for a person (A6): visits stand in drop_in_visits by a hash under the
-- key of the period, and key and visits are deleted when the period closes.

CREATE TABLE policies (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  policy_version BIGINT NOT NULL UNIQUE,
  offer_hours BIGINT NOT NULL,
  -- The hours of the day in which the time to answer an offer runs (alf.io shifts offers to working time).
  answer_from_hour BIGINT NOT NULL,
  answer_until_hour BIGINT NOT NULL,
  waiting_list_max BIGINT NOT NULL,
  correction_days BIGINT NOT NULL,
  leader_notice_hours BIGINT NOT NULL,
  core_visits BIGINT NOT NULL,
  cell_min BIGINT NOT NULL,
  period_close_days BIGINT NOT NULL,
  eligibility_days BIGINT NOT NULL,
  -- 0: nobody is asked after.
  lapse_absences BIGINT NOT NULL,
  leader_needs_approval BIGINT NOT NULL,
  step_requirements TEXT,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL
);

-- Versions of the code lists, each with its codes.
CREATE TABLE code_lists (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  kind TEXT NOT NULL,
  list_version BIGINT NOT NULL,
  entries TEXT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  UNIQUE (kind, list_version)
);

CREATE TABLE activities (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  state TEXT NOT NULL,
  code TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  description TEXT,
  mode TEXT NOT NULL,
  audience TEXT NOT NULL,
  drug_free BIGINT NOT NULL,
  needs_referral BIGINT NOT NULL,
  recovery_tags TEXT,
  modules_required BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL
);
CREATE INDEX activities_state ON activities (state, id) WHERE id <> '';

CREATE TABLE sessions (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  state TEXT NOT NULL,
  activity_id TEXT NOT NULL REFERENCES activities (id),
  mode TEXT NOT NULL,
  start_time BIGINT NOT NULL,
  end_time BIGINT NOT NULL CHECK (end_time > start_time),
  place TEXT NOT NULL,
  -- The part of town.
  area_code TEXT,
  enrol_from_time BIGINT NOT NULL,
  enrol_until_time BIGINT NOT NULL,
  quotas TEXT,
  modules TEXT,
  waiting_list_max BIGINT NOT NULL,
  waiting_list_suspended BIGINT NOT NULL,
  leaders BIGINT NOT NULL CHECK (leaders >= 0),
  cost_items TEXT,
  pay_by_date TEXT,
  cancel_reason_code TEXT,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL
);
-- What happens in a period, in the order of the start; of one activity; what is open; courses and
-- camps that are going on; what nobody leads.
CREATE INDEX sessions_start ON sessions (start_time, id);
CREATE INDEX sessions_activity ON sessions (activity_id, start_time, id);
CREATE INDEX sessions_open ON sessions (start_time, id) WHERE state = 'SESSION_STATE_OPEN';
-- What still lies ahead of an activity, or goes on, however much was held.
CREATE INDEX sessions_not_over ON sessions (activity_id) WHERE state IN
  ('SESSION_STATE_PLANNED', 'SESSION_STATE_OPEN', 'SESSION_STATE_FULL', 'SESSION_STATE_STARTED');
-- What happens in a part of town, and what is open there, so that a page costs what it shows also where most
-- sessions are elsewhere.
CREATE INDEX sessions_area ON sessions (area_code, start_time, id);
CREATE INDEX sessions_open_area ON sessions (area_code, start_time, id) WHERE state = 'SESSION_STATE_OPEN';
CREATE INDEX sessions_long ON sessions (end_time) WHERE mode IN ('ACTIVITY_MODE_COURSE', 'ACTIVITY_MODE_CAMP');
CREATE INDEX sessions_unled ON sessions (start_time, id) WHERE leaders = 0;

CREATE TABLE session_leaders (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  state TEXT NOT NULL,
  session_id TEXT NOT NULL REFERENCES sessions (id),
  person_ref TEXT,
  staff_id TEXT,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL
);
CREATE UNIQUE INDEX session_leaders_person ON session_leaders (session_id, person_ref)
  WHERE state = 'SESSION_LEADER_STATE_ASSIGNED';
CREATE UNIQUE INDEX session_leaders_staff ON session_leaders (session_id, staff_id)
  WHERE state = 'SESSION_LEADER_STATE_ASSIGNED';
-- What a leader leads, to take it from them when they pause.
CREATE INDEX session_leaders_led ON session_leaders (person_ref) WHERE state = 'SESSION_LEADER_STATE_ASSIGNED';

CREATE TABLE enrolments (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  state TEXT NOT NULL,
  session_id TEXT NOT NULL REFERENCES sessions (id),
  activity_id TEXT NOT NULL,
  person_ref TEXT NOT NULL,
  audience TEXT NOT NULL,
  quota_audience TEXT NOT NULL,
  wait_entry_id TEXT,
  completed BIGINT NOT NULL,
  end_reason_code TEXT,
  -- The own share of the seat: when it was paid, and the day to pay by that went by without it.
  own_share_paid_date TEXT,
  own_share_overdue_date TEXT,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL
);
-- A2: at most one live enrolment per person and session.
CREATE UNIQUE INDEX enrolments_live ON enrolments (session_id, person_ref)
  WHERE state IN ('ENROLMENT_STATE_CONFIRMED', 'ENROLMENT_STATE_ATTENDED', 'ENROLMENT_STATE_ABSENT');
-- A seat leads back to at most one place on the list: an offer is taken once.
CREATE UNIQUE INDEX enrolments_wait_entry ON enrolments (wait_entry_id);
-- The seats of a quota that are taken; a session's and a person's enrolments.
CREATE INDEX enrolments_quota ON enrolments (session_id, quota_audience, state);
CREATE INDEX enrolments_session ON enrolments (session_id, id);
CREATE INDEX enrolments_person ON enrolments (person_ref, id);

CREATE TABLE wait_entries (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  state TEXT NOT NULL,
  session_id TEXT NOT NULL REFERENCES sessions (id),
  activity_id TEXT NOT NULL,
  person_ref TEXT NOT NULL,
  audience TEXT NOT NULL,
  quota_audience TEXT NOT NULL,
  sequence BIGINT NOT NULL,
  offer_expire_time BIGINT,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  UNIQUE (session_id, sequence)
);
-- A2: at most one live place on the list per person and session.
CREATE UNIQUE INDEX wait_entries_live ON wait_entries (session_id, person_ref)
  WHERE state IN ('WAIT_ENTRY_STATE_WAITING', 'WAIT_ENTRY_STATE_OFFERED');
-- Who is next, and who has an offer.
CREATE INDEX wait_entries_line ON wait_entries (session_id, quota_audience, state, sequence);
CREATE INDEX wait_entries_session ON wait_entries (session_id, id);
CREATE INDEX wait_entries_person ON wait_entries (person_ref, id);

CREATE TABLE attendances (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  state TEXT NOT NULL,
  session_id TEXT NOT NULL REFERENCES sessions (id),
  enrolment_id TEXT NOT NULL REFERENCES enrolments (id),
  person_ref TEXT NOT NULL,
  module BIGINT NOT NULL,
  present BIGINT NOT NULL,
  reason_code TEXT,
  recorded_by TEXT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL
);
CREATE UNIQUE INDEX attendances_live ON attendances (enrolment_id, module)
  WHERE state = 'ATTENDANCE_STATE_RECORDED';
CREATE INDEX attendances_session ON attendances (session_id, id);
CREATE INDEX attendances_person ON attendances (person_ref, id);

CREATE TABLE obstacles (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  state TEXT NOT NULL,
  session_id TEXT NOT NULL REFERENCES sessions (id),
  person_ref TEXT NOT NULL,
  kind_code TEXT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL
);
CREATE INDEX obstacles_session ON obstacles (session_id, id);
CREATE INDEX obstacles_person ON obstacles (person_ref, id);

CREATE TABLE periods (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  state TEXT NOT NULL,
  from_date TEXT NOT NULL,
  to_date TEXT NOT NULL CHECK (to_date >= from_date),
  core_visits BIGINT NOT NULL,
  cell_min BIGINT NOT NULL,
  figures TEXT,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL
);
CREATE INDEX periods_date ON periods (from_date, to_date);

-- The key of an open period. Deleted when it closes.
CREATE TABLE period_keys (
  period_id TEXT PRIMARY KEY REFERENCES periods (id),
  secret TEXT NOT NULL
);

CREATE TABLE drop_in_tallies (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  session_id TEXT NOT NULL UNIQUE REFERENCES sessions (id),
  period_id TEXT NOT NULL REFERENCES periods (id),
  headcount BIGINT NOT NULL,
  cards BIGINT NOT NULL CHECK (cards <= headcount),
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL
);
CREATE INDEX drop_in_tallies_period ON drop_in_tallies (period_id);

-- Which cards were shown at which session, as hashes under the period's key. Deleted when it closes.
CREATE TABLE drop_in_visits (
  period_id TEXT NOT NULL REFERENCES period_keys (period_id),
  card TEXT NOT NULL,
  session_id TEXT NOT NULL,
  PRIMARY KEY (period_id, card, session_id)
);
CREATE INDEX drop_in_visits_session ON drop_in_visits (session_id);

CREATE TABLE leader_paths (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  state TEXT NOT NULL,
  person_ref TEXT NOT NULL UNIQUE,
  step TEXT NOT NULL,
  wished_step TEXT,
  guide_id TEXT,
  pause_causes TEXT,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL
);
CREATE INDEX leader_paths_step ON leader_paths (step, id);
CREATE INDEX leader_paths_wishing ON leader_paths (id) WHERE wished_step IS NOT NULL;

CREATE TABLE met_requirements (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  leader_path_id TEXT NOT NULL REFERENCES leader_paths (id),
  requirement_code TEXT NOT NULL,
  met_date TEXT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  UNIQUE (leader_path_id, requirement_code)
);

-- What peer support has told of approvals as a peer, the newest of each person. No resource of ours.
CREATE TABLE peer_approvals (
  person_ref TEXT PRIMARY KEY,
  peer_id TEXT NOT NULL,
  peer_version BIGINT NOT NULL,
  holds BIGINT NOT NULL,
  valid_until TEXT
);

CREATE TABLE funds (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  code TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  low_balance_ore BIGINT NOT NULL,
  covers_own_share BIGINT NOT NULL,
  posted_ore BIGINT NOT NULL,
  reserved_ore BIGINT NOT NULL CHECK (reserved_ore >= 0),
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  -- A10: available = posted - reserved is never below zero.
  CHECK (posted_ore >= reserved_ore)
);

CREATE TABLE ledger_entries (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL CHECK (version = 1),
  fund_id TEXT NOT NULL REFERENCES funds (id),
  number BIGINT NOT NULL,
  kind TEXT NOT NULL,
  amount_ore BIGINT NOT NULL CHECK (amount_ore > 0),
  grant_id TEXT,
  entry_date TEXT NOT NULL,
  posted_after_ore BIGINT NOT NULL,
  reserved_after_ore BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  UNIQUE (fund_id, number),
  CHECK (posted_after_ore >= reserved_after_ore AND reserved_after_ore >= 0)
);
-- The statement at a date.
CREATE INDEX ledger_entries_date ON ledger_entries (fund_id, entry_date, number);

CREATE TABLE grants (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  state TEXT NOT NULL,
  fund_id TEXT NOT NULL REFERENCES funds (id),
  person_ref TEXT NOT NULL,
  kind TEXT NOT NULL,
  amount_ore BIGINT NOT NULL CHECK (amount_ore > 0),
  session_id TEXT REFERENCES sessions (id),
  reason_code TEXT,
  decided_by TEXT,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL
);
-- One live grant of a kind per person and session.
CREATE UNIQUE INDEX grants_live ON grants (session_id, person_ref, kind)
  WHERE state IN ('GRANT_STATE_REQUESTED', 'GRANT_STATE_APPROVED', 'GRANT_STATE_PAID');
CREATE INDEX grants_fund ON grants (fund_id, id);
CREATE INDEX grants_person ON grants (person_ref, id);
-- The forecast: what is asked for.
CREATE INDEX grants_requested ON grants (fund_id, amount_ore) WHERE state = 'GRANT_STATE_REQUESTED';

CREATE TABLE eligibilities (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  person_ref TEXT NOT NULL,
  works_actively BIGINT NOT NULL,
  stated_date TEXT NOT NULL,
  valid_until TEXT NOT NULL,
  stated_by TEXT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL
);
CREATE INDEX eligibilities_person ON eligibilities (person_ref, id);

-- Being asked after by wish: the wish of a person. It stays when it has ended: that it was and is not any more can be shown.
CREATE TABLE follow_ups (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  state TEXT NOT NULL,
  person_ref TEXT NOT NULL UNIQUE,
  wanted_from_time BIGINT,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  CHECK ((state = 'FOLLOW_UP_STATE_WANTED') = (wanted_from_time IS NOT NULL))
);

-- Deleted with the wish: the reference to it is the net that keeps anybody else out.
CREATE TABLE participations (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  state TEXT NOT NULL,
  activity_id TEXT NOT NULL REFERENCES activities (id),
  person_ref TEXT NOT NULL REFERENCES follow_ups (person_ref),
  absences BIGINT NOT NULL CHECK (absences >= 0),
  last_present_date TEXT,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  UNIQUE (person_ref, activity_id)
);
CREATE INDEX participations_activity ON participations (activity_id, id) WHERE id <> '';
CREATE INDEX participations_state ON participations (state, id) WHERE id <> '';
