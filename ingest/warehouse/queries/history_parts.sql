-- Cuts the persons who asked for a decision from `from` on into parts of about
-- equally many rows, by order of their ids: the last id of each part, and how
-- many persons and rows it has. A person is a visitor with all the browsers that
-- came to its profile. A profile is a fold of everything, so the rows before
-- `from` count too.
WITH merged AS (
    SELECT visitor_id, any(properties['home']) AS home
    FROM event_log
    WHERE name = 'omo_merge' AND received < {to:DateTime64(3, 'UTC')}
    GROUP BY visitor_id
)
SELECT max(person) AS last, count() AS persons, sum(n) AS rows
FROM (
    SELECT person, n, intDiv(sum(n) OVER (ORDER BY person ROWS UNBOUNDED PRECEDING) - 1, {part:UInt64}) AS part
    FROM (
        SELECT if(m.home = '', e.visitor_id, m.home) AS person, sum(e.n) AS n
        FROM (
            SELECT visitor_id, count() AS n, countIf(name = 'omo_decision' AND received >= {from:DateTime64(3, 'UTC')}) AS asked
            FROM event_log
            WHERE visitor_id != '' AND received < {to:DateTime64(3, 'UTC')}
            GROUP BY visitor_id
        ) AS e
        LEFT JOIN merged AS m ON m.visitor_id = e.visitor_id
        WHERE cityHash64(person) % 10000 < {sample:UInt64}
        GROUP BY person
        HAVING sum(e.asked) > 0
    )
)
GROUP BY part
ORDER BY last
