-- What a rule keeps from a person (who named a conflict, who ended a match) their access log does not show them.
ALTER TABLE access_log ADD COLUMN hidden BIGINT NOT NULL DEFAULT 0;
-- The oldest rows, to remove them when their retention time is over.
CREATE INDEX access_log_time ON access_log (time);
