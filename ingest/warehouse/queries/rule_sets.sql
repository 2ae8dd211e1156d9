-- Every moment at which a rule set went live, or other campaigns of it began to
-- wait for a back-fill, in each ledger's order. Resent copies are left in: the
-- reader drops what has the same place.
SELECT visitor_id, ledger, seq, idx, raw
FROM event_log
WHERE name IN ('omo_rules', 'omo_waiting')
ORDER BY ledger, seq, idx
