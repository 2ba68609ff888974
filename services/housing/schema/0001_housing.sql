-- filled by the storage work
CREATE TABLE placeholder_housing (id TEXT PRIMARY KEY);
