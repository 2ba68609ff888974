-- Actions that the council assigned to this service. `id` is the council's.
CREATE TABLE assigned_actions (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  state TEXT NOT NULL,
  due_date TEXT NOT NULL
);
