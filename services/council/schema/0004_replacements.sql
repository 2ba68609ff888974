-- An ordinary meeting that was cancelled and is held on another day after all is a new meeting in its place (C5).
ALTER TABLE meetings ADD COLUMN replaces_meeting_id TEXT;
-- One at a time: a year has exactly its ordinary meetings.
CREATE UNIQUE INDEX meetings_replacement ON meetings (replaces_meeting_id)
  WHERE replaces_meeting_id IS NOT NULL AND state <> 'MEETING_STATE_CANCELLED';
