-- The own share of a seat: when it was paid, and the day to pay by that went by without it. Nothing is known of
-- seats of before; the clock of a session whose shares were set before runs when they are set again.
ALTER TABLE enrolments ADD COLUMN own_share_paid_date TEXT;
ALTER TABLE enrolments ADD COLUMN own_share_overdue_date TEXT;
