-- Being asked after by wish: the wish, and how those who have it take part.

-- Old versions of the policy ask after nobody.
ALTER TABLE policies ADD COLUMN lapse_absences BIGINT NOT NULL DEFAULT 0;

-- The wish of a person. It stays when it has ended: that it was and is not any more can be shown.
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
