-- Who was offered a variant, and who for the first time since then. Copies of a
-- decision do not matter: each visitor is one row. The table is read where its
-- index on campaigns' reasons skips the rest.
SELECT count() AS ever, countIf(first >= {since:DateTime64(3, 'UTC')}) AS lately
FROM (
    SELECT visitor_id, min(received) AS first
    FROM event_log
    ARRAY JOIN outcome.campaign AS c, outcome.reason AS r, outcome.variant AS v
    WHERE name = 'omo_decision' AND has(outcome.reason, 'offered') AND c = {campaign:String} AND r = 'offered' AND v = {variant:String}
    GROUP BY visitor_id
)
