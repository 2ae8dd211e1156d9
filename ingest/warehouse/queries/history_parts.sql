-- Cuts the visitors who asked for a decision from `from` on into parts of about
-- equally many rows, by order of their ids: the last id of each part, and how
-- many visitors and rows it has. A profile is a fold of everything, so the rows
-- before `from` count too.
SELECT max(visitor_id) AS last, count() AS visitors, sum(n) AS rows
FROM (
    SELECT visitor_id, n, intDiv(sum(n) OVER (ORDER BY visitor_id ROWS UNBOUNDED PRECEDING) - 1, {part:UInt64}) AS part
    FROM (
        SELECT visitor_id, count() AS n
        FROM event_log
        WHERE visitor_id != '' AND received < {to:DateTime64(3, 'UTC')}
            AND cityHash64(visitor_id) % 10000 < {sample:UInt64}
        GROUP BY visitor_id
        HAVING countIf(name = 'omo_decision' AND received >= {from:DateTime64(3, 'UTC')}) > 0
    )
)
GROUP BY part
ORDER BY last
