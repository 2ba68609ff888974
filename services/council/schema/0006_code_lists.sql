-- Versions of the lists of codes; the newest of a kind is in force. A kind without one takes every code, as it was
-- before there were lists.
CREATE TABLE code_lists (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  kind TEXT NOT NULL,
  list_version BIGINT NOT NULL,
  entries TEXT NOT NULL,
  UNIQUE (kind, list_version)
);
