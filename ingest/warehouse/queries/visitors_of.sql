-- The visitors that a person was known by: in every ledger, of one only up to a seq.
SELECT DISTINCT visitor_id
FROM event_log
WHERE user_id = {user:String} AND visitor_id != '' AND (ledger != {ledger:String} OR seq <= {up_to:UInt64})
ORDER BY visitor_id
