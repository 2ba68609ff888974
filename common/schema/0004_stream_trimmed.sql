-- Up to where the relay has trimmed the stream, not including this entry of the log: what is before it may be missing
-- there, what is behind it may not. Stored before each trim. One row; 0-0 until the first.
CREATE TABLE stream_trimmed (
  one BIGINT PRIMARY KEY CHECK (one = 1),
  epoch BIGINT NOT NULL,
  position BIGINT NOT NULL
);
INSERT INTO stream_trimmed (one, epoch, position) VALUES (1, 0, 0);
