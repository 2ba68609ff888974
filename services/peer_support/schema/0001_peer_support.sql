-- The tables of peer support. A table holds one resource of peer_support.proto, column = field
-- (common/store/rows.h): dates are ISO text, so that they compare as they should; enums are the names of their
-- values; an empty string is NULL.
--
-- Partial unique indexes are the net below the rules: should a rule fail, the database still refuses. They
-- look at what is live only, so that what has ended never stands in the way of a new beginning. That a
-- peer has no more people than they can take (P2) is a sum, which no index can say; it rests on the rule
-- and on writes that run one at a time.
--
-- No column takes what was said, why somebody pauses, or why two people are not to meet. Indexes that only
-- serve pages say WHERE id <> '', as their queries do (common/store/records.h).

CREATE TABLE peer_rules (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  rules_version BIGINT NOT NULL,
  approval_months BIGINT NOT NULL,
  renewal_window_days BIGINT NOT NULL,
  grace_days BIGINT NOT NULL,
  guidance_interval_days BIGINT NOT NULL,
  requirements TEXT,
  course_hours_min BIGINT NOT NULL,
  capacity_max BIGINT NOT NULL,
  answer_days BIGINT NOT NULL,
  evaluation_answers_min BIGINT NOT NULL,
  statistics_cell_min BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL
);

-- Who guides peers. A person is a guide once.
CREATE TABLE guides (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  state TEXT NOT NULL,
  person_ref TEXT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL
);
CREATE UNIQUE INDEX guides_person ON guides (person_ref);

-- A person is a peer once; who comes back begins a new cycle of the same row.
CREATE TABLE peers (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  state TEXT NOT NULL,
  person_ref TEXT NOT NULL,
  employment TEXT,
  experience TEXT,
  capacity BIGINT NOT NULL,
  languages TEXT,
  gender TEXT,
  cycle BIGINT NOT NULL,
  valid_until TEXT,
  expiring BIGINT NOT NULL,
  guide_id TEXT REFERENCES guides (id),
  guidance_due_date TEXT,
  guidance_overdue BIGINT NOT NULL,
  return_date TEXT,
  stop_kind TEXT,
  stop_date TEXT,
  source TEXT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL
);
CREATE UNIQUE INDEX peers_person ON peers (person_ref);
CREATE INDEX peers_page ON peers (state, id) WHERE id <> '';
CREATE INDEX peers_guide ON peers (guide_id);
CREATE INDEX peers_expiring ON peers (id) WHERE expiring = 1;
CREATE INDEX peers_guidance_overdue ON peers (id) WHERE guidance_overdue = 1;

CREATE TABLE requirements (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  peer_id TEXT NOT NULL REFERENCES peers (id),
  person_ref TEXT NOT NULL,
  cycle BIGINT NOT NULL,
  kind TEXT NOT NULL,
  outcome TEXT NOT NULL,
  judged_date TEXT NOT NULL,
  valid_until TEXT,
  hours BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL
);
CREATE INDEX requirements_peer ON requirements (peer_id, cycle);

CREATE TABLE approvals (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  peer_id TEXT NOT NULL REFERENCES peers (id),
  person_ref TEXT NOT NULL,
  cycle BIGINT NOT NULL,
  renewal BIGINT NOT NULL,
  from_date TEXT NOT NULL,
  valid_until TEXT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL
);
CREATE INDEX approvals_peer ON approvals (peer_id, cycle);

CREATE TABLE guidances (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  peer_id TEXT NOT NULL REFERENCES peers (id),
  guide_id TEXT NOT NULL REFERENCES guides (id),
  person_ref TEXT NOT NULL,
  held_date TEXT NOT NULL,
  minutes BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL
);
CREATE INDEX guidances_peer ON guidances (peer_id, held_date);

-- Two people who are not to be matched, the smaller reference first. Nothing else is known of it.
CREATE TABLE conflicts (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  person_ref TEXT NOT NULL,
  other_person_ref TEXT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  CHECK (person_ref < other_person_ref)
);
CREATE UNIQUE INDEX conflicts_pair ON conflicts (person_ref, other_person_ref);

CREATE TABLE peer_requests (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  state TEXT NOT NULL,
  person_ref TEXT NOT NULL,
  asks_as TEXT NOT NULL,
  any_experience BIGINT NOT NULL,
  wish_experience TEXT,
  wish_language TEXT,
  wish_gender TEXT,
  needed_by TEXT,
  open_date TEXT NOT NULL,
  close_reason TEXT,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL
);
-- A person waits for one peer at a time.
CREATE UNIQUE INDEX peer_requests_open ON peer_requests (person_ref)
  WHERE state IN ('PEER_REQUEST_STATE_OPEN', 'PEER_REQUEST_STATE_PROPOSED');
CREATE INDEX peer_requests_person ON peer_requests (person_ref, id);
CREATE INDEX peer_requests_page ON peer_requests (state, id) WHERE id <> '';
CREATE INDEX peer_requests_date ON peer_requests (open_date);

CREATE TABLE proposals (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  state TEXT NOT NULL,
  peer_request_id TEXT NOT NULL REFERENCES peer_requests (id),
  peer_id TEXT NOT NULL REFERENCES peers (id),
  person_ref TEXT NOT NULL,
  peer_person_ref TEXT NOT NULL,
  peer_experience TEXT,
  answer_by TEXT NOT NULL,
  answer_passed_on BIGINT NOT NULL,
  match_id TEXT,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL
);
-- One open proposal for a request.
CREATE UNIQUE INDEX proposals_open ON proposals (peer_request_id)
  WHERE state IN ('PROPOSAL_STATE_PROPOSED', 'PROPOSAL_STATE_ACCEPTED_BY_PEER', 'PROPOSAL_STATE_ACCEPTED_BY_PERSON',
                  'PROPOSAL_STATE_BOTH');
CREATE INDEX proposals_peer_open ON proposals (peer_id)
  WHERE state IN ('PROPOSAL_STATE_PROPOSED', 'PROPOSAL_STATE_ACCEPTED_BY_PEER', 'PROPOSAL_STATE_ACCEPTED_BY_PERSON',
                  'PROPOSAL_STATE_BOTH');
CREATE INDEX proposals_request ON proposals (peer_request_id, id);
CREATE INDEX proposals_person ON proposals (person_ref, id);
CREATE INDEX proposals_peer ON proposals (peer_id, id);
CREATE INDEX proposals_peer_person ON proposals (peer_person_ref, id);
CREATE INDEX proposals_page ON proposals (state, id) WHERE id <> '';

CREATE TABLE matches (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  state TEXT NOT NULL,
  proposal_id TEXT NOT NULL REFERENCES proposals (id),
  peer_request_id TEXT NOT NULL REFERENCES peer_requests (id),
  peer_id TEXT NOT NULL REFERENCES peers (id),
  person_ref TEXT NOT NULL,
  peer_person_ref TEXT NOT NULL,
  asked_as TEXT NOT NULL,
  start_date TEXT NOT NULL,
  last_contact_date TEXT,
  end_date TEXT,
  ended_by TEXT,
  end_reason TEXT,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL
);
-- [P3] Unique only among live matches: the two may meet again.
CREATE UNIQUE INDEX matches_live_pair ON matches (peer_id, person_ref)
  WHERE state IN ('MATCH_STATE_STARTED', 'MATCH_STATE_ON_HOLD');
CREATE INDEX matches_person ON matches (person_ref, id);
CREATE INDEX matches_peer ON matches (peer_id, id);
CREATE INDEX matches_peer_person ON matches (peer_person_ref, id);
CREATE INDEX matches_page ON matches (state, id) WHERE id <> '';
CREATE INDEX matches_date ON matches (start_date);

CREATE TABLE hand_over_tasks (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  state TEXT NOT NULL,
  match_id TEXT NOT NULL REFERENCES matches (id),
  peer_id TEXT NOT NULL REFERENCES peers (id),
  person_ref TEXT NOT NULL,
  open_date TEXT NOT NULL,
  outcome TEXT,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL
);
-- One open task for a match.
CREATE UNIQUE INDEX hand_over_tasks_open ON hand_over_tasks (match_id) WHERE state = 'HAND_OVER_TASK_STATE_OPEN';
CREATE INDEX hand_over_tasks_page ON hand_over_tasks (state, id) WHERE id <> '';

CREATE TABLE contacts (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  state TEXT NOT NULL,
  match_id TEXT NOT NULL REFERENCES matches (id),
  peer_id TEXT NOT NULL REFERENCES peers (id),
  person_ref TEXT NOT NULL,
  peer_person_ref TEXT NOT NULL,
  kind TEXT NOT NULL,
  contact_date TEXT NOT NULL,
  minutes BIGINT NOT NULL,
  met BIGINT NOT NULL,
  employment TEXT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL
);
CREATE INDEX contacts_match ON contacts (match_id, id);
CREATE INDEX contacts_date ON contacts (contact_date);

CREATE TABLE self_help_groups (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  state TEXT NOT NULL,
  name TEXT NOT NULL,
  peer_id TEXT NOT NULL REFERENCES peers (id),
  experience TEXT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL
);
CREATE INDEX self_help_groups_page ON self_help_groups (state, id) WHERE id <> '';

CREATE TABLE group_seats (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  state TEXT NOT NULL,
  kind TEXT NOT NULL,
  person_ref TEXT NOT NULL,
  self_help_group_id TEXT REFERENCES self_help_groups (id),
  match_id TEXT REFERENCES matches (id),
  peer_id TEXT NOT NULL REFERENCES peers (id),
  peer_person_ref TEXT NOT NULL,
  consent_date TEXT NOT NULL,
  end_date TEXT,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL
);
-- [P10] One live seat of a person in a group, and of a match in the responsibility group.
CREATE UNIQUE INDEX group_seats_live_group ON group_seats (self_help_group_id, person_ref)
  WHERE state <> 'GROUP_SEAT_STATE_ENDED' AND self_help_group_id IS NOT NULL;
CREATE UNIQUE INDEX group_seats_live_match ON group_seats (match_id)
  WHERE state <> 'GROUP_SEAT_STATE_ENDED' AND match_id IS NOT NULL;
CREATE INDEX group_seats_person ON group_seats (person_ref, id);
CREATE INDEX group_seats_peer ON group_seats (peer_person_ref, id);

CREATE TABLE evaluation_rounds (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  state TEXT NOT NULL,
  name TEXT NOT NULL,
  questions TEXT,
  answers_min BIGINT NOT NULL,
  before_round_id TEXT,
  open_date TEXT NOT NULL,
  close_by TEXT NOT NULL,
  close_date TEXT,
  results TEXT,
  unpublished TEXT,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL
);
CREATE UNIQUE INDEX evaluation_rounds_open ON evaluation_rounds (state) WHERE state = 'EVALUATION_ROUND_STATE_OPEN';

-- [P11] An invitation is the digest of a code that only its holder has. It is deleted in the write that
-- takes the answer: a row that said "used", and when, could be laid beside the answers.
CREATE TABLE evaluation_invitations (
  code_digest TEXT PRIMARY KEY,
  evaluation_round_id TEXT NOT NULL REFERENCES evaluation_rounds (id),
  stakeholder TEXT NOT NULL
);
CREATE INDEX evaluation_invitations_group ON evaluation_invitations (evaluation_round_id, stakeholder);

-- [P11] What a group answered, added up. There is no row for an answer, so there is nothing that could be
-- linked, not even by the order in which rows were written. Deleted when the round closes.
CREATE TABLE evaluation_sums (
  evaluation_round_id TEXT NOT NULL REFERENCES evaluation_rounds (id),
  stakeholder TEXT NOT NULL,
  question_code TEXT NOT NULL,
  answers BIGINT NOT NULL,
  score_sum BIGINT NOT NULL,
  PRIMARY KEY (evaluation_round_id, stakeholder, question_code)
);
