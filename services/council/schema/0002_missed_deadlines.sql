-- Deadlines that another service missed, as counts and nothing else: no id, no person, no subject, so that no
-- individual case can be found here (C9). A month's rows become one set of figures some days after its end, and
-- are deleted then.
CREATE TABLE missed_deadlines (
  -- Its first day.
  month TEXT NOT NULL,
  -- The name of the DeadlineKind.
  kind TEXT NOT NULL,
  missed BIGINT NOT NULL,
  PRIMARY KEY (month, kind)
);
