-- Meetings from before their deadlines had clocks get them: a timer of the kernel, due at once, lets the service set
-- them, because when a day ends in the municipality's time zone is nothing that SQL knows on both engines (C13).
INSERT INTO timers (kind, subject, due_time, attempts, next_try)
  SELECT 'meeting_deadlines', id, 0, 0, 0 FROM meetings
  WHERE state IN ('MEETING_STATE_PLANNED', 'MEETING_STATE_OPEN', 'MEETING_STATE_HELD');
