-- What visitors of one ledger did of some kinds up to and including a seq: what a
-- back-fill counts. One visitor after the other, each in the order of folding;
-- resent copies are left in: the reader drops what has the same place.
SELECT visitor_id, ledger, seq, idx, raw
FROM event_log
WHERE ledger = {ledger:String} AND seq <= {up_to:UInt64} AND name IN {names:Array(String)} AND visitor_id > {after:String}
ORDER BY visitor_id, seq, idx
