-- What one visitor did in one ledger up to a seq, in the order of folding. From
-- the table, not the view: a client's copy that came after the ledger had
-- forgotten its id was folded too, and is there until ClickHouse merges it away.
SELECT visitor_id, ledger, seq, idx, raw
FROM event_log
WHERE visitor_id = {visitor:String} AND ledger = {ledger:String} AND seq <= {up_to:UInt64}
ORDER BY seq, idx
