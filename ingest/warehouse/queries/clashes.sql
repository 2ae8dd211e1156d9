-- The decisions, one row each and campaign, in which a campaign did not get a visitor
-- because of another one: which took the slot in the same decision, and where a
-- budget or a layer stood in its way, or a slot that had been taken before, none.
WITH clashes AS (
    SELECT visitor_id, time, decision_id, lost.1 AS campaign, lost.2 AS reason, winner
    FROM (
        SELECT visitor_id, time, decision_id, lost,
            if(lost.2 = 'slot_taken', arrayMap(o -> o.1, arrayFilter(o -> o.2 IN ('offered', 'control'), outcomes)), []) AS winners
        FROM (
            SELECT visitor_id, time, decision_id, arrayZip(
                arrayMap(c -> toString(c), outcome.campaign), arrayMap(r -> toString(r), outcome.reason)) AS outcomes
            FROM event_log
            WHERE name = 'omo_decision' AND received >= {from:DateTime64(3, 'UTC')} AND received <= {as_of:DateTime64(3, 'UTC')} AND NOT bot
                AND hasAny(outcome.reason, ['slot_taken', 'layer', 'budget'])
        )
        ARRAY JOIN arrayFilter(o -> o.2 IN ('slot_taken', 'layer', 'budget'), outcomes) AS lost
    )
    ARRAY JOIN if(empty(winners), [''], winners) AS winner
)
