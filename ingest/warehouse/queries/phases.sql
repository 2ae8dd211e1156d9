-- The phases that a campaign has had, the newest first, and of each whom results
-- leave out: crawlers, staff, and who was shown a preview. Phases and when they
-- began are those of queries/units.sql.
SELECT
    phase,
    minIf(at, told OR counted) AS since,
    max(counted) AS exposed,
    uniqExactIf(visitor_id, bot AND meant) AS bots,
    uniqExactIf(visitor_id, staff AND NOT bot AND meant) AS of_staff,
    uniqExactIf(visitor_id, forced AND NOT bot AND NOT staff AND meant) AS previews
FROM (
    SELECT splitByChar('/', toString(e.phase))[1] AS phase, received AS at, false AS told, visitor_id, bot, staff,
        decision_id IN (
            SELECT d.decision_id FROM event_log AS d ARRAY JOIN d.`outcome.campaign` AS c, d.`outcome.reason` AS r
            WHERE d.name = 'omo_decision' AND has(d.`outcome.reason`, 'forced') AND r = 'forced' AND c = {campaign:String}) AS forced,
        NOT bot AND NOT staff AND NOT forced AND e.variant != '' AS counted,
        time >= {from:DateTime64(3, 'UTC')} AND time < {to:DateTime64(3, 'UTC')} AS meant
    FROM event_log AS e
    WHERE name = 'omo_exposure' AND e.phase != 'invited' AND campaign = {campaign:String} AND received <= {as_of:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT phase, began, true, '', false, false, false, false, false
    FROM campaigns WHERE campaign = {campaign:String} AND began <= {as_of:DateTime64(3, 'UTC')}
)
GROUP BY phase
HAVING max(told OR counted)
ORDER BY since DESC, phase
