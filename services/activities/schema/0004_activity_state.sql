-- An activity can end. Those of before go on.
ALTER TABLE activities ADD COLUMN state TEXT NOT NULL DEFAULT 'ACTIVITY_STATE_ACTIVE';
CREATE INDEX activities_state ON activities (state, id) WHERE id <> '';
-- What still lies ahead of an activity, or goes on, however much was held.
CREATE INDEX sessions_not_over ON sessions (activity_id) WHERE state IN
  ('SESSION_STATE_PLANNED', 'SESSION_STATE_OPEN', 'SESSION_STATE_FULL', 'SESSION_STATE_STARTED');
