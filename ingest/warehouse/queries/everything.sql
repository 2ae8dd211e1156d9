-- All that one visitor did, in every ledger, of one only up to a seq: what comes
-- after it is read there. Resent copies are left in: the reader drops what has
-- the same place.
SELECT visitor_id, ledger, seq, idx, raw
FROM event_log
WHERE visitor_id = {visitor:String} AND (ledger != {ledger:String} OR seq <= {up_to:UInt64})
ORDER BY ledger, seq, idx
