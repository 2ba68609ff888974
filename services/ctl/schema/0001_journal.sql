-- The journal of a subscriber: every event that reached it, in order, each once. The event is kept as JSON, because
-- this table is there for people (sqlite3 journal.db 'SELECT event FROM journal').
CREATE TABLE journal (
  stream TEXT NOT NULL,
  epoch BIGINT NOT NULL,
  position BIGINT NOT NULL,
  -- The net below the subscription: an event that were applied twice would break here, and be seen.
  id TEXT NOT NULL UNIQUE,
  type TEXT NOT NULL,
  event TEXT NOT NULL,
  PRIMARY KEY (stream, epoch, position)
);
