-- One part's rows, visitor by visitor in the order of folding. The sort key holds
-- the visitors of each name in order, so a range of ids reads few granules twice.
SELECT visitor_id, ledger, seq, idx, raw
FROM event_log
WHERE visitor_id > {after:String} AND visitor_id <= {last:String} AND received < {to:DateTime64(3, 'UTC')}
    AND cityHash64(visitor_id) % 10000 < {sample:UInt64}
    AND visitor_id IN (
        SELECT visitor_id
        FROM event_log
        WHERE name = 'omo_decision' AND visitor_id > {after:String} AND visitor_id <= {last:String}
            AND received >= {from:DateTime64(3, 'UTC')} AND received < {to:DateTime64(3, 'UTC')})
ORDER BY visitor_id, ledger, seq, idx
