-- Actions know in which round of their suggestion they were given out. When a suggestion is reported back, none of its
-- actions is open; so one that is open now belongs to its last round. Those that are over count as reported.
ALTER TABLE actions ADD COLUMN round BIGINT NOT NULL DEFAULT 0;
UPDATE actions SET round = (SELECT times_reopened FROM suggestions WHERE suggestions.id = actions.suggestion_id)
  WHERE state IN ('ACTION_STATE_ASSIGNED', 'ACTION_STATE_IN_PROGRESS')
    AND suggestion_id IN (SELECT id FROM suggestions);
