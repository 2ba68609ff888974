-- The hours of the day in which the time to answer an offer runs (alf.io shifts offers to working time).
-- Old versions of the policy say nothing of them: at any hour.
ALTER TABLE policies ADD COLUMN answer_from_hour BIGINT NOT NULL DEFAULT 0;
ALTER TABLE policies ADD COLUMN answer_until_hour BIGINT NOT NULL DEFAULT 0;
