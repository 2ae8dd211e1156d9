-- One part's rows, person by person in the order of folding. The sort key holds
-- the visitors of each name in order, so a range of ids reads few granules twice;
-- browsers that came to a person's profile are looked for one by one.
WITH merged AS (
    SELECT visitor_id, any(properties['home']) AS home
    FROM event_log
    WHERE name = 'omo_merge' AND received < {to:DateTime64(3, 'UTC')}
    GROUP BY visitor_id
)
SELECT if(m.home = '', e.visitor_id, m.home) AS person, e.ledger, e.seq, e.idx, e.raw
FROM event_log AS e
LEFT JOIN merged AS m ON m.visitor_id = e.visitor_id
WHERE (e.visitor_id > {after:String} AND e.visitor_id <= {last:String}
        OR e.visitor_id IN (SELECT visitor_id FROM merged WHERE home > {after:String} AND home <= {last:String}))
    AND e.received < {to:DateTime64(3, 'UTC')}
    AND person > {after:String} AND person <= {last:String}
    AND cityHash64(person) % 10000 < {sample:UInt64}
    AND person IN (
        SELECT if(m.home = '', d.visitor_id, m.home)
        FROM event_log AS d
        LEFT JOIN merged AS m ON m.visitor_id = d.visitor_id
        WHERE d.name = 'omo_decision' AND d.received >= {from:DateTime64(3, 'UTC')} AND d.received < {to:DateTime64(3, 'UTC')}
            AND (d.visitor_id > {after:String} AND d.visitor_id <= {last:String}
                OR d.visitor_id IN (SELECT visitor_id FROM merged WHERE home > {after:String} AND home <= {last:String})))
ORDER BY person, e.ledger, e.seq, e.idx
