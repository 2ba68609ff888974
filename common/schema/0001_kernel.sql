-- filled by the storage work
CREATE TABLE placeholder (id TEXT PRIMARY KEY);
