-- Every moment at which a rule set went live, in each ledger's order. Resent
-- copies are left in: the reader drops what has the same place.
SELECT visitor_id, ledger, seq, idx, raw
FROM event_log
WHERE name = 'omo_rules'
ORDER BY ledger, seq, idx
