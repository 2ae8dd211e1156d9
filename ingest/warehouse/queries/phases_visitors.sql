-- Whom results leave out of one phase, as queries/phases.sql counts them, the last to
-- come first.
SELECT visitor_id, max(time) AS last, uniqExact(event_id) AS times, count() OVER () AS everybody
FROM (
    SELECT visitor_id, time, event_id, bot, staff,
        decision_id IN (
            SELECT d.decision_id FROM event_log AS d ARRAY JOIN d.`outcome.campaign` AS c, d.`outcome.reason` AS r
            WHERE d.name = 'omo_decision' AND has(d.`outcome.reason`, 'forced') AND r = 'forced' AND c = {campaign:String}) AS forced
    FROM event_log AS e
    WHERE name = 'omo_exposure' AND e.phase != 'invited' AND splitByChar('/', toString(e.phase))[1] = {phase:String} AND campaign = {campaign:String}
        AND received <= {as_of:DateTime64(3, 'UTC')} AND time >= {from:DateTime64(3, 'UTC')} AND time < {to:DateTime64(3, 'UTC')}
)
WHERE multiIf(
        {who:String} = 'bots', bot,
        {who:String} = 'staff', staff AND NOT bot,
        {who:String} = 'previews', forced AND NOT bot AND NOT staff,
        false)
GROUP BY visitor_id
ORDER BY last DESC, visitor_id
LIMIT {limit:UInt64} OFFSET {skip:UInt64}
