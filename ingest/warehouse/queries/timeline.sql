-- The last of what some visitors did before a place in time, the newest first.
-- From the view: a resent copy is told once.
SELECT visitor_id, ledger, seq, idx, raw
FROM events
WHERE visitor_id IN {visitors:Array(String)}
    AND time <= {before:DateTime64(3, 'UTC')}
    AND (toUnixTimestamp64Milli(time), seq, idx) < ({ms:Int64}, {seq:UInt64}, {idx:UInt16})
ORDER BY time DESC, seq DESC, idx DESC
LIMIT {limit:UInt64}
