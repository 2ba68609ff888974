-- Apologies and summonses of a day from which the meeting was moved are kept as VOID; until now they were deleted.
-- Those that are there are in force. Who apologised for the former day may apologise for the new one, so "once for
-- each holder" holds among those in force only. It stood in the table, from which neither engine's SQL takes it out
-- in the other's words; so the rows move to a new one.
CREATE TABLE apologies_with_state (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  state TEXT NOT NULL DEFAULT 'APOLOGY_STATE_IN_FORCE',
  meeting_id TEXT NOT NULL REFERENCES meetings (id),
  seat_id TEXT,
  holder_id TEXT,
  role TEXT,
  by_self BIGINT NOT NULL
);
INSERT INTO apologies_with_state (id, version, create_time, update_time, meeting_id, seat_id, holder_id, role, by_self)
  SELECT id, version, create_time, update_time, meeting_id, seat_id, holder_id, role, by_self FROM apologies;
DROP TABLE apologies;
ALTER TABLE apologies_with_state RENAME TO apologies;
CREATE UNIQUE INDEX apologies_holder ON apologies (meeting_id, holder_id) WHERE state = 'APOLOGY_STATE_IN_FORCE';
CREATE INDEX apologies_meeting ON apologies (meeting_id, seat_id);

ALTER TABLE summonses ADD COLUMN state TEXT NOT NULL DEFAULT 'SUMMONS_STATE_IN_FORCE';
