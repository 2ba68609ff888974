-- A caller's name (claim sub) is unique below its issuer only. Rows of before do not know theirs.
ALTER TABLE access_log ADD COLUMN issuer TEXT NOT NULL DEFAULT '';
