-- The part of town of a session. Nobody has said it of those of before.
ALTER TABLE sessions ADD COLUMN area_code TEXT;
-- What happens in a part of town, and what is open there, so that a page costs what it shows also where most
-- sessions are elsewhere.
CREATE INDEX sessions_area ON sessions (area_code, start_time, id);
CREATE INDEX sessions_open_area ON sessions (area_code, start_time, id) WHERE state = 'SESSION_STATE_OPEN';
