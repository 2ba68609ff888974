-- The tables of housing. A table holds one resource of housing.proto, column = field (common/store/rows.h):
-- dates are ISO text, so that they compare as they should; enums are the names of their values; an
-- empty string is NULL.
--
-- Partial unique indexes are the net below the rules: should a rule fail, the database still refuses.
-- That two stays of a place never overlap (H1) is a matter of ranges, which no index of both engines
-- can say; it rests on the rule and on writes that run one at a time.
--
-- Indexes are chosen so that each query touches what it answers with, and no history: they begin with
-- what it asks for and end with the order of its pages. Those that only serve pages say WHERE id <> '',
-- as the pages' queries do (common/store/records.h): without it SQLite, which guesses that few rows share a
-- state, would take them for "what is due" and "who lives where", and read a million rows for ten.

CREATE TABLE schemes (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  code TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL
);

CREATE TABLE offer_policies (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  scheme_id TEXT NOT NULL REFERENCES schemes (id),
  policy_version BIGINT NOT NULL,
  valid_from TEXT NOT NULL,
  route TEXT NOT NULL,
  residence_rule TEXT NOT NULL,
  residence_months BIGINT NOT NULL,
  rent_monthly_ore BIGINT NOT NULL,
  tenancy_kind TEXT NOT NULL,
  tenancy_months_min BIGINT NOT NULL,
  support_team_id TEXT,
  treatment_responsibility TEXT NOT NULL,
  max_stay_days BIGINT NOT NULL,
  alert_days TEXT,
  turnaround_days BIGINT NOT NULL,
  answer_days BIGINT NOT NULL,
  grant_days BIGINT NOT NULL,
  destination_code TEXT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  UNIQUE (scheme_id, policy_version)
);
-- The policy in force on a date.
CREATE INDEX offer_policies_in_force ON offer_policies (scheme_id, valid_from, policy_version);

CREATE TABLE support_teams (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  code TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL
);

CREATE TABLE places (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  scheme_id TEXT NOT NULL REFERENCES schemes (id),
  label TEXT NOT NULL,
  support_team_id TEXT,
  remove_date TEXT,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL
);
-- A label names one place of a scheme; one that was removed gives it free.
CREATE UNIQUE INDEX places_label ON places (scheme_id, label) WHERE remove_date IS NULL;
CREATE INDEX places_offer ON places (scheme_id, id);

CREATE TABLE place_closures (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  state TEXT NOT NULL,
  place_id TEXT NOT NULL REFERENCES places (id),
  scheme_id TEXT NOT NULL,
  start_date TEXT NOT NULL,
  end_date TEXT,
  reason_code TEXT NOT NULL,
  held_until TEXT,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL
);
CREATE INDEX place_closures_place ON place_closures (place_id, held_until);

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

CREATE TABLE need_rules (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  rule_version BIGINT NOT NULL UNIQUE,
  weights TEXT,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL
);

CREATE TABLE case_rules (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  rules_version BIGINT NOT NULL UNIQUE,
  requisition_decision_days BIGINT NOT NULL,
  application_decision_months BIGINT NOT NULL,
  approval_months BIGINT NOT NULL,
  complaint_weeks BIGINT NOT NULL,
  application_residence_rule TEXT NOT NULL,
  application_residence_months BIGINT NOT NULL,
  statistics_cell_min BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL
);

CREATE TABLE requisitions (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  state TEXT NOT NULL,
  person_ref TEXT NOT NULL,
  scheme_id TEXT NOT NULL REFERENCES schemes (id),
  policy_id TEXT NOT NULL,
  route TEXT NOT NULL,
  organisation_id TEXT NOT NULL,
  responsible_unit TEXT,
  channel TEXT NOT NULL,
  origin TEXT NOT NULL,
  residence TEXT NOT NULL,
  residence_since TEXT,
  warnings TEXT,
  decide_by TEXT NOT NULL,
  decision_id TEXT,
  use_by TEXT,
  stay_id TEXT,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  deadline_missed BIGINT NOT NULL
);
CREATE INDEX requisitions_person ON requisitions (person_ref, id);
CREATE INDEX requisitions_organisation ON requisitions (organisation_id, id);
CREATE INDEX requisitions_unit ON requisitions (responsible_unit, id) WHERE responsible_unit IS NOT NULL;
CREATE INDEX requisitions_state ON requisitions (state, id) WHERE id <> '';
CREATE INDEX requisitions_due ON requisitions (decide_by, id) WHERE state = 'REQUISITION_STATE_RECEIVED';
CREATE INDEX requisitions_time ON requisitions (create_time);

CREATE TABLE decisions (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  state TEXT NOT NULL,
  case_kind TEXT NOT NULL,
  case_id TEXT NOT NULL,
  person_ref TEXT NOT NULL,
  organisation_id TEXT,
  outcome TEXT NOT NULL,
  reason_code TEXT NOT NULL,
  grounds TEXT,
  alternative_route_code TEXT,
  alternative_route_note TEXT,
  override_reason_code TEXT,
  override_by TEXT,
  exception_code TEXT,
  decided_by TEXT NOT NULL,
  decide_date TEXT NOT NULL,
  complaint_deadline TEXT NOT NULL,
  superseded_by_id TEXT,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  complaint_period_ended BIGINT NOT NULL
);
CREATE INDEX decisions_case ON decisions (case_id, id);
CREATE INDEX decisions_person ON decisions (person_ref, id);

CREATE TABLE applications (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  state TEXT NOT NULL,
  person_ref TEXT NOT NULL,
  residence TEXT NOT NULL,
  residence_since TEXT,
  needed_by TEXT,
  submit_date TEXT NOT NULL,
  decide_by TEXT NOT NULL,
  information_codes TEXT,
  information_by TEXT,
  decision_id TEXT,
  approved_until TEXT,
  assessment_id TEXT,
  place_offer_id TEXT,
  end_reason_code TEXT,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  deadline_missed BIGINT NOT NULL
);
-- One application under way for a person: a second one would stand on the list twice.
CREATE UNIQUE INDEX applications_live ON applications (person_ref)
  WHERE state IN ('APPLICATION_STATE_SUBMITTED', 'APPLICATION_STATE_INCOMPLETE', 'APPLICATION_STATE_UNDER_REVIEW',
                  'APPLICATION_STATE_APPROVED', 'APPLICATION_STATE_LISTED', 'APPLICATION_STATE_OFFERED');
CREATE INDEX applications_person ON applications (person_ref, id);
CREATE INDEX applications_state ON applications (state, id) WHERE id <> '';
CREATE INDEX applications_due ON applications (decide_by, id)
  WHERE state IN ('APPLICATION_STATE_SUBMITTED', 'APPLICATION_STATE_INCOMPLETE', 'APPLICATION_STATE_UNDER_REVIEW');
CREATE INDEX applications_information ON applications (information_by, id)
  WHERE state = 'APPLICATION_STATE_INCOMPLETE';
CREATE INDEX applications_submitted ON applications (submit_date);

CREATE TABLE need_assessments (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  application_id TEXT NOT NULL REFERENCES applications (id),
  person_ref TEXT NOT NULL,
  rule_version BIGINT NOT NULL,
  factors TEXT,
  score BIGINT NOT NULL,
  reason_code TEXT NOT NULL,
  suitable_kinds TEXT NOT NULL,
  assessed_by TEXT NOT NULL,
  assess_date TEXT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL
);
CREATE INDEX need_assessments_application ON need_assessments (application_id, id);

CREATE TABLE list_entries (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  state TEXT NOT NULL,
  application_id TEXT NOT NULL REFERENCES applications (id),
  person_ref TEXT NOT NULL,
  assessment_id TEXT NOT NULL,
  rule_version BIGINT NOT NULL,
  score BIGINT NOT NULL,
  reason_code TEXT NOT NULL,
  suitable_kinds TEXT NOT NULL,
  needed_by TEXT,
  approved_until TEXT NOT NULL,
  enter_date TEXT NOT NULL,
  leave_reason TEXT,
  rank_key TEXT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL
);
-- An application stands on the list once.
CREATE UNIQUE INDEX list_entries_live ON list_entries (application_id) WHERE state <> 'LIST_ENTRY_STATE_LEFT';
-- The list itself, in its order.
CREATE UNIQUE INDEX list_entries_rank ON list_entries (rank_key) WHERE state = 'LIST_ENTRY_STATE_WAITING';

CREATE TABLE vacancies (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  state TEXT NOT NULL,
  place_id TEXT NOT NULL REFERENCES places (id),
  scheme_id TEXT NOT NULL,
  scheme_kind TEXT NOT NULL,
  from_date TEXT NOT NULL,
  stay_id TEXT,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL
);
-- A place is vacant once at a time.
CREATE UNIQUE INDEX vacancies_live ON vacancies (place_id) WHERE state IN ('VACANCY_STATE_OPEN', 'VACANCY_STATE_OFFERED');
CREATE INDEX vacancies_state ON vacancies (state, id) WHERE id <> '';

CREATE TABLE place_offers (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  state TEXT NOT NULL,
  vacancy_id TEXT NOT NULL REFERENCES vacancies (id),
  place_id TEXT NOT NULL,
  scheme_id TEXT NOT NULL,
  policy_id TEXT NOT NULL,
  application_id TEXT NOT NULL REFERENCES applications (id),
  list_entry_id TEXT NOT NULL,
  person_ref TEXT NOT NULL,
  from_date TEXT NOT NULL,
  answer_by TEXT NOT NULL,
  end_reason_code TEXT,
  passed_over_reason_code TEXT,
  stay_id TEXT,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL
);
-- H7: one open offer per vacancy and per person.
CREATE UNIQUE INDEX place_offers_open_vacancy ON place_offers (vacancy_id) WHERE state = 'PLACE_OFFER_STATE_PENDING';
CREATE UNIQUE INDEX place_offers_open_person ON place_offers (person_ref) WHERE state = 'PLACE_OFFER_STATE_PENDING';
CREATE INDEX place_offers_vacancy ON place_offers (vacancy_id, list_entry_id);
CREATE INDEX place_offers_person ON place_offers (person_ref, id);
CREATE INDEX place_offers_state ON place_offers (state, id) WHERE id <> '';
CREATE INDEX place_offers_due ON place_offers (answer_by, id) WHERE state = 'PLACE_OFFER_STATE_PENDING';

CREATE TABLE stays (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  state TEXT NOT NULL,
  person_ref TEXT NOT NULL,
  place_id TEXT NOT NULL REFERENCES places (id),
  scheme_id TEXT NOT NULL,
  policy_id TEXT NOT NULL,
  requisition_id TEXT,
  place_offer_id TEXT,
  organisation_id TEXT,
  responsible_unit TEXT,
  support_team_id TEXT,
  start_date TEXT NOT NULL,
  end_date TEXT,
  arrive_date TEXT,
  held_until TEXT,
  turnaround_days BIGINT NOT NULL,
  count_from TEXT,
  limit_date TEXT,
  marks_passed TEXT,
  extension_reason_code TEXT,
  overstay TEXT,
  overstay_reason_code TEXT,
  absence_reason_code TEXT,
  absent_since TEXT,
  expected_return TEXT,
  destination_code TEXT,
  end_reason_code TEXT,
  moved_from_stay_id TEXT,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  arrival_missed BIGINT NOT NULL,
  -- H10: an end of stay requires a destination code.
  CHECK (state <> 'STAY_STATE_ENDED' OR destination_code IS NOT NULL),
  -- A stay holds its place for at least its own nights.
  CHECK (held_until IS NULL OR held_until >= start_date)
);
-- H2: nobody lives in two places of the unit; and no place has two residents.
CREATE UNIQUE INDEX stays_arrived_person ON stays (person_ref) WHERE state = 'STAY_STATE_ARRIVED';
CREATE UNIQUE INDEX stays_arrived_place ON stays (place_id) WHERE state = 'STAY_STATE_ARRIVED';
-- A reservation elsewhere is allowed for a move: one.
CREATE UNIQUE INDEX stays_reserved_person ON stays (person_ref) WHERE state = 'STAY_STATE_RESERVED';
-- H4: a requisition or place offer leads to one stay; a move inside the scheme ends the one before.
CREATE UNIQUE INDEX stays_requisition ON stays (requisition_id)
  WHERE state IN ('STAY_STATE_RESERVED', 'STAY_STATE_ARRIVED') AND requisition_id IS NOT NULL;
CREATE UNIQUE INDEX stays_place_offer ON stays (place_offer_id)
  WHERE state IN ('STAY_STATE_RESERVED', 'STAY_STATE_ARRIVED') AND place_offer_id IS NOT NULL;
-- Who holds a place from some day on: the end of the history only.
CREATE INDEX stays_place ON stays (place_id, held_until) WHERE held_until IS NOT NULL;
CREATE INDEX stays_person ON stays (person_ref, id);
CREATE INDEX stays_organisation ON stays (organisation_id, id) WHERE organisation_id IS NOT NULL;
CREATE INDEX stays_unit ON stays (responsible_unit, id) WHERE responsible_unit IS NOT NULL;
CREATE INDEX stays_state ON stays (state, id) WHERE id <> '';
CREATE INDEX stays_offer ON stays (scheme_id, state, id) WHERE id <> '';
CREATE INDEX stays_team ON stays (support_team_id, state, id) WHERE support_team_id IS NOT NULL;
CREATE INDEX stays_arrival ON stays (start_date, id) WHERE state = 'STAY_STATE_RESERVED';
CREATE INDEX stays_limit ON stays (limit_date, id) WHERE state = 'STAY_STATE_ARRIVED' AND limit_date IS NOT NULL;
CREATE INDEX stays_ended ON stays (end_date) WHERE state = 'STAY_STATE_ENDED';
CREATE INDEX stays_start ON stays (start_date);

CREATE TABLE tenancies (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  state TEXT NOT NULL,
  stay_id TEXT NOT NULL REFERENCES stays (id),
  place_id TEXT NOT NULL,
  person_ref TEXT NOT NULL,
  kind TEXT NOT NULL,
  notice_date TEXT,
  sign_date TEXT,
  start_date TEXT,
  end_date TEXT,
  rent_monthly_ore BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  -- H8: special terms need written notice before start.
  CHECK (kind <> 'TENANCY_KIND_SPECIAL_TERMS' OR state = 'TENANCY_STATE_NOTIFIED' OR notice_date IS NOT NULL)
);
-- A tenancy that ends is followed by another: the notice of special terms that the next one needs is given while
-- the contract before still holds.
CREATE UNIQUE INDEX tenancies_live ON tenancies (stay_id, state) WHERE state <> 'TENANCY_STATE_ENDED';
-- Tenancies that run out are listed with the other deadlines: signed ones with an end, in its order. One without an
-- end never runs out.
CREATE INDEX tenancies_end ON tenancies (end_date, id) WHERE state = 'TENANCY_STATE_SIGNED' AND end_date IS NOT NULL;
CREATE INDEX tenancies_stay ON tenancies (stay_id, id);
CREATE INDEX tenancies_person ON tenancies (person_ref, id);
CREATE INDEX tenancies_state ON tenancies (state, id) WHERE id <> '';

CREATE TABLE contacts (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  state TEXT NOT NULL,
  stay_id TEXT NOT NULL REFERENCES stays (id),
  person_ref TEXT NOT NULL,
  support_team_id TEXT,
  kind TEXT NOT NULL,
  due_date TEXT NOT NULL,
  held_date TEXT,
  outcome_code TEXT,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL
);
CREATE INDEX contacts_stay ON contacts (stay_id, id);
CREATE INDEX contacts_due ON contacts (due_date, id) WHERE state IN ('CONTACT_STATE_PLANNED', 'CONTACT_STATE_OVERDUE');
CREATE INDEX contacts_team ON contacts (support_team_id) WHERE state IN ('CONTACT_STATE_PLANNED', 'CONTACT_STATE_OVERDUE');
