-- The last changes that people made, the newest first.
SELECT visitor_id, ledger, seq, idx, raw
FROM event_log
WHERE name = 'omo_audit'
ORDER BY received DESC, ledger, seq DESC, idx DESC
LIMIT {limit:UInt64}
