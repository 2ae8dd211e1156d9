-- Conversion by variant, for every campaign at once. The rules of attribution
-- are those of queries/results.sql, where each has its reason; a test holds the
-- two to the same numbers. The goals are those of the rule set.

CREATE OR REPLACE VIEW conversions (
    campaign     String                 COMMENT 'our campaign',
    phase        String                 COMMENT 'its phase',
    visitor_id   String                 COMMENT 'the unit: a visitor that was exposed in this phase',
    variant      String                 COMMENT 'the single variant seen; of a crossover, one of them',
    crossover    Bool                   COMMENT 'saw two variants or more: out of every arm',
    carried_over Bool                   COMMENT 'was exposed in an earlier phase: out of every arm',
    entered      DateTime64(3, 'UTC')   COMMENT 'first exposure in this phase',
    goal         String                 COMMENT 'event hoped for; empty if the rule sets never told of this phase',
    main_goal    Bool                   COMMENT 'the campaign''s first goal',
    window_ms    Int64                  COMMENT 'how long after entering an event counts, half-open',
    converted    Bool                   COMMENT 'at least one goal event in the window',
    value        Float64                COMMENT 'sum of their values, refunds taken off'
) AS
WITH
    units AS (
        SELECT campaign, phase, visitor_id, variant, crossover, entered,
            toBool(began > min(began) OVER (PARTITION BY campaign, visitor_id)) AS carried_over
        FROM (
            SELECT x.campaign AS campaign, x.phase AS phase, x.visitor_id AS visitor_id, any(x.variant) AS variant,
                toBool(uniqExact(x.variant) > 1) AS crossover, min(x.time) AS entered
            FROM exposures AS x
            WHERE NOT x.bot AND NOT x.forced AND x.visitor_id != '' AND x.variant != ''
            GROUP BY x.campaign, x.phase, x.visitor_id
        ) AS u
        INNER JOIN (
            SELECT campaign, phase, min(at) AS began
            FROM (
                SELECT x.campaign AS campaign, x.phase AS phase, x.received AS at FROM exposures AS x
                UNION ALL
                SELECT c.campaign, c.phase, c.began FROM campaigns AS c
            )
            GROUP BY campaign, phase
        ) AS p USING (campaign, phase)
    ),
    aims AS (
        SELECT c.campaign AS campaign, c.phase AS phase, g.event AS goal, g.window_ms AS window_ms,
            if(g.value = '', 'value', g.value) AS property, toBool(i = 1) AS main_goal
        FROM campaigns AS c
        LEFT ARRAY JOIN c.goals AS g, arrayEnumerate(c.goals) AS i
    ),
    facts AS (
        SELECT visitor_id, time, name, if(name = 'refund', 'purchase', name) AS goal, value, properties
        FROM (
            SELECT e.visitor_id AS visitor_id, e.time AS time, e.name AS name, e.value AS value, e.properties AS properties,
                if(e.name = 'purchase', e.transaction_id, '') AS order_id
            FROM events AS e
            WHERE NOT e.bot AND e.visitor_id != ''
                AND (e.name IN (SELECT goal FROM aims)
                    OR e.name = 'refund' AND 'purchase' IN (SELECT goal FROM aims))
            ORDER BY e.received, e.seq, e.idx
            LIMIT 1 BY order_id, if(order_id = '', e.event_id, toUUID('00000000-0000-0000-0000-000000000000'))
        )
    )
SELECT
    u.campaign AS campaign, u.phase AS phase, u.visitor_id AS visitor_id, any(u.variant) AS variant,
    any(u.crossover) AS crossover, any(u.carried_over) AS carried_over, any(u.entered) AS entered, u.goal AS goal,
    u.main_goal AS main_goal, u.window_ms AS window_ms,
    toBool(countIf(f.name = u.goal AND f.time >= u.entered AND f.time < u.entered + toIntervalMillisecond(u.window_ms)) > 0) AS converted,
    sumIf(
        if(f.name = u.goal, 1, -1) * ifNull(if(u.property = 'value', f.value, toFloat64OrNull(f.properties[u.property])), 0),
        f.time >= u.entered AND f.time < u.entered + toIntervalMillisecond(u.window_ms)) AS value
FROM (
    SELECT units.campaign AS campaign, units.phase AS phase, units.visitor_id AS visitor_id, units.variant AS variant,
        units.crossover AS crossover, units.carried_over AS carried_over, units.entered AS entered,
        aims.goal AS goal, aims.main_goal AS main_goal, aims.window_ms AS window_ms, aims.property AS property
    FROM units LEFT JOIN aims ON units.campaign = aims.campaign AND units.phase = aims.phase
) AS u
LEFT JOIN facts AS f ON f.visitor_id = u.visitor_id AND f.goal = u.goal
GROUP BY u.campaign, u.phase, u.visitor_id, u.goal, u.main_goal, u.window_ms, u.property
COMMENT 'one row an exposed visitor, phase and goal of the campaign';

CREATE OR REPLACE VIEW results_by_variant (
    campaign     String    COMMENT 'our campaign',
    phase        String    COMMENT 'its phase',
    goal         String    COMMENT 'event hoped for',
    window_ms    Int64     COMMENT 'how long after first exposure it counts',
    variant      String    COMMENT 'one arm',
    control      Bool      COMMENT 'the arm that shows nothing',
    weight       UInt64    COMMENT 'its weight against the other arms',
    exposed      UInt64    COMMENT 'visitors in this arm, those who saw two variants or an earlier phase left out',
    converted    UInt64    COMMENT 'how many of them reached the goal',
    rate         Nullable(Float64) COMMENT 'converted / exposed; null without any',
    value_sum    Float64   COMMENT 'sum of value over all exposed visitors of the arm',
    value_sum_squares Float64 COMMENT 'sum of its squares, for the variance',
    value_per_visitor Nullable(Float64) COMMENT 'value_sum / exposed; null without any'
) AS SELECT
    campaign, phase, goal, window_ms, variant, max(is_control) AS control, max(arm_weight) AS weight,
    sum(n) AS exposed, sum(c) AS converted, if(sum(n) = 0, NULL, sum(c) / sum(n)) AS rate, sum(s) AS value_sum,
    sum(q) AS value_sum_squares, if(sum(n) = 0, NULL, sum(s) / sum(n)) AS value_per_visitor
FROM (
    SELECT v.campaign AS campaign, v.phase AS phase, v.goal AS goal, v.window_ms AS window_ms, v.variant AS variant,
        false AS is_control, toUInt64(0) AS arm_weight,
        toUInt64(1) AS n, toUInt64(v.converted) AS c, v.value AS s, v.value * v.value AS q
    FROM conversions AS v
    WHERE NOT v.crossover AND NOT v.carried_over AND (v.main_goal OR v.goal = '')
    UNION ALL
    SELECT c.campaign, c.phase, c.goals[1].event, c.goals[1].window_ms, arm.variant, arm.control, arm.weight, 0, 0, 0, 0
    FROM campaigns AS c ARRAY JOIN c.arms AS arm
)
GROUP BY campaign, phase, goal, window_ms, variant
COMMENT 'one row a campaign, phase and variant, for the main goal';
