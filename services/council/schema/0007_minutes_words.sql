-- The council's own words for its minutes; a mandate from before has none, which is English.
ALTER TABLE mandates ADD COLUMN minutes_words TEXT;
