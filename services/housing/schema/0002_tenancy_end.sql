-- Tenancies that run out are listed with the other deadlines: signed ones with an end, in its order. One
-- without an end never runs out.
CREATE INDEX tenancies_end ON tenancies (end_date, id) WHERE state = 'TENANCY_STATE_SIGNED' AND end_date IS NOT NULL;
