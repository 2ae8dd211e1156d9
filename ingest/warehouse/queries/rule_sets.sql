-- Every moment at which a rule set went live, other campaigns of it began to wait
-- for a back-fill, or something was decided about one beside its file, in each
-- ledger's order. Resent copies are left in: the reader drops what has the same place.
SELECT visitor_id, ledger, seq, idx, raw
FROM event_log
WHERE name IN ('omo_rules', 'omo_waiting', 'omo_override')
ORDER BY ledger, seq, idx
