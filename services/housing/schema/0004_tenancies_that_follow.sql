-- A tenancy that ends is followed by another: the notice of special terms that the next one needs is given while
-- the contract before still holds.
DROP INDEX tenancies_live;
CREATE UNIQUE INDEX tenancies_live ON tenancies (stay_id, state) WHERE state <> 'TENANCY_STATE_ENDED';
