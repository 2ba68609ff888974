-- The kernel's tables, in every service's database. Columns are TEXT or BIGINT (instants are
-- microseconds since 1970), so that both engines mean the same by them. schema_migrations is made
-- by the code that fills it.

-- The end of the log. One row: every physical write locks it first, so that the writes of a service
-- run one at a time and positions follow commit order.
CREATE TABLE stream_head (
  one BIGINT PRIMARY KEY CHECK (one = 1),
  epoch BIGINT NOT NULL,
  position BIGINT NOT NULL
);
INSERT INTO stream_head (one, epoch, position) VALUES (1, 0, 0);

-- Every term of the relay, kept for ever: it decides whether a cursor belongs to this history. `base`
-- is the position at which the epoch began. Epoch 0 is the time before the first term.
CREATE TABLE epochs (
  epoch BIGINT PRIMARY KEY,
  base BIGINT NOT NULL,
  started_at BIGINT NOT NULL,
  reason TEXT NOT NULL
);
INSERT INTO epochs (epoch, base, started_at, reason) VALUES (0, 0, 0, 'created');

-- The log: immutable but for erasure, kept for its retention time. kind: 1 event, 0 EpochStarted (at
-- the position of the event before it), 2 erased. data is base64, because no text holds a NUL.
CREATE TABLE outbox (
  epoch BIGINT NOT NULL,
  position BIGINT NOT NULL,
  kind BIGINT NOT NULL CHECK (kind IN (0, 1, 2)),
  id TEXT NOT NULL,
  type TEXT NOT NULL,
  subject TEXT NOT NULL,
  subject_version BIGINT NOT NULL,
  time BIGINT NOT NULL,
  data TEXT NOT NULL,
  traceparent TEXT NOT NULL,
  PRIMARY KEY (epoch, position)
);
-- To find where the Redis window begins.
CREATE INDEX outbox_time ON outbox (time);
-- To find what must be taken off the stream.
CREATE INDEX outbox_erased ON outbox (epoch, position) WHERE kind = 2;

-- Up to where the relay has trimmed the stream, not including this entry of the log: what is before it may be missing
-- there, what is behind it may not. Stored before each trim. One row; 0-0 until the first.
CREATE TABLE stream_trimmed (
  one BIGINT PRIMARY KEY CHECK (one = 1),
  epoch BIGINT NOT NULL,
  position BIGINT NOT NULL
);
INSERT INTO stream_trimmed (one, epoch, position) VALUES (1, 0, 0);

-- Where a subscription of this service stands in another service's stream. Moves in the transaction
-- that applies the event, which is what makes each effect happen exactly once.
CREATE TABLE subscription (
  stream TEXT PRIMARY KEY,
  epoch BIGINT NOT NULL,
  position BIGINT NOT NULL,
  state TEXT NOT NULL,
  error TEXT NOT NULL,
  updated_at BIGINT NOT NULL
);

-- Events that could not be applied, and those of the same subject behind them, until somebody retries
-- them. `entry` is the whole event, base64.
CREATE TABLE parked_event (
  stream TEXT NOT NULL,
  epoch BIGINT NOT NULL,
  position BIGINT NOT NULL,
  id TEXT NOT NULL,
  subject TEXT NOT NULL,
  entry TEXT NOT NULL,
  error TEXT NOT NULL,
  attempts BIGINT NOT NULL,
  parked_at BIGINT NOT NULL,
  PRIMARY KEY (stream, epoch, position)
);
CREATE INDEX parked_event_subject ON parked_event (stream, subject);

-- What must happen later. One pending timer per kind and subject; a failing one waits until next_try.
CREATE TABLE timers (
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  due_time BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  next_try BIGINT NOT NULL,
  PRIMARY KEY (kind, subject)
);
CREATE INDEX timers_due ON timers (due_time, kind, subject);

-- The first answer to each mutating request, so that a repeat gets it again and does nothing. The
-- fingerprint tells a repeat from another request under the same id; the response is base64.
CREATE TABLE requests (
  request_id TEXT PRIMARY KEY,
  rpc TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  response TEXT NOT NULL,
  caller TEXT NOT NULL,
  create_time BIGINT NOT NULL
);
-- To remove those that are old enough.
CREATE INDEX requests_create_time ON requests (create_time);

-- Who read or changed a person's data, refusals included. Answers a person's question "who has
-- looked"; never updated. No key: two looks in the same microsecond are two rows.
CREATE TABLE access_log (
  time BIGINT NOT NULL,
  -- A caller's name (claim sub) is unique below its issuer only.
  issuer TEXT NOT NULL,
  caller TEXT NOT NULL,
  roles TEXT NOT NULL,
  organisation_id TEXT NOT NULL,
  rpc TEXT NOT NULL,
  person_ref TEXT NOT NULL,
  outcome TEXT NOT NULL,
  -- What a rule keeps from the person (who named a conflict, who ended a match) their access log does not show them.
  hidden BIGINT NOT NULL
);
CREATE INDEX access_log_person ON access_log (person_ref, time);
-- The oldest rows, to remove them when their retention time is over.
CREATE INDEX access_log_time ON access_log (time);

-- Which replica does the work that only one should do (relay, timers). It saves work; nothing is
-- wrong if two hold it for a moment.
CREATE TABLE lease (
  name TEXT PRIMARY KEY,
  holder TEXT NOT NULL,
  expires BIGINT NOT NULL
);
