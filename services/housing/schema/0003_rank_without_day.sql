-- The list is ranked by score and a lot. Between them stood the day on which a home is needed, which the
-- applicant says: "000900_2026-11-23_1a2b3c4d_<id>".
UPDATE list_entries SET rank_key = substr(rank_key, 1, 7) || substr(rank_key, 19);
