-- Conversion by variant of one campaign, phase and goal: sums, from which
-- engine/stats makes statistics. Every interval is half-open, on event time.
WITH
    -- A phase began when a rule set with it went live, or with its first exposure.
    -- One array, since ClickHouse would run a named subquery again at each use.
    (
        SELECT groupArray((phase, began, shown, variants, some_of)::Tuple(phase String, began DateTime64(3, 'UTC'), shown Bool, variants Array(String), some_of String))
        FROM (
            SELECT phase, min(at) AS began, max(exposed) AS shown, groupUniqArrayIf(variant, variant != '') AS variants, max(source) AS some_of
            FROM (
                SELECT phase, received AS at, true AS exposed, variant, '' AS source
                FROM exposures WHERE campaign = {campaign:String} AND received <= {as_of:DateTime64(3, 'UTC')} AND NOT bot AND NOT forced
                UNION ALL
                SELECT phase, began, false, '', derived[{goal:String}]
                FROM campaigns WHERE campaign = {campaign:String} AND began <= {as_of:DateTime64(3, 'UTC')}
            )
            GROUP BY phase
        )
    ) AS phases,
    -- Unless told: the newest phase anybody was exposed in, else the newest of all.
    if({phase:String} != '', {phase:String}, arrayReverseSort(p -> (p.shown, p.began), phases)[1].phase) AS chosen,
    arrayFirst(p -> p.phase = chosen, phases) AS its,
    arrayMap(p -> p.phase, arrayFilter(p -> p.began < its.began, phases)) AS earlier,
    -- Of a goal that is a derived event: the event that it is some of.
    its.some_of AS some_of,
    if(some_of = '', {goal:String}, some_of) AS named,

    -- One row a visitor: it enters at its first exposure. Whoever saw an earlier
    -- phase carries that over, whoever saw two variants crossed: both are out of
    -- every arm, and counted. from and to are about entering.
    units AS (
        SELECT
            visitor_id,
            minIf(time, phase = chosen) AS entered,
            anyIf(variant, phase = chosen) AS seen,
            countIf(has(earlier, phase)) > 0 AS carried,
            uniqExactIf(variant, phase = chosen) > 1 AND NOT carried AS crossed
        FROM exposures
        WHERE campaign = {campaign:String} AND received <= {as_of:DateTime64(3, 'UTC')}
            AND NOT bot AND NOT forced AND visitor_id != '' AND variant != ''
        GROUP BY visitor_id
        HAVING countIf(phase = chosen) > 0
            AND entered >= {from:DateTime64(3, 'UTC')} AND entered < {to:DateTime64(3, 'UTC')}
            AND (NOT {matured:Bool} OR entered + toIntervalMillisecond({window:Int64}) <= {as_of:DateTime64(3, 'UTC')})
    ),

    -- Goal events, each once: purchases by transaction, of which the first
    -- received stays, also where that one was before the exposure. A refund
    -- takes value off and is no conversion. Of a derived event those are reached
    -- that the engine stamped so when they came, and refunds are of those orders.
    facts AS (
        SELECT
            visitor_id, time, name = named AND (some_of = '' OR has(kinds, {goal:String})) AS reached,
            multiIf(
                reached, 1,
                name = named, 0,
                some_of = '' OR transaction_id IN (
                    SELECT transaction_id FROM events
                    WHERE name = 'purchase' AND transaction_id != '' AND some_of != '' AND received <= {as_of:DateTime64(3, 'UTC')} AND NOT bot AND visitor_id != ''
                    GROUP BY transaction_id HAVING argMin(has(kinds, {goal:String}), (received, seq, idx))), -1,
                0) * ifNull(if({value:String} = 'value', value, toFloat64OrNull(properties[{value:String}])), 0) AS amount,
            if(name = 'purchase', transaction_id, '') AS order_id
        FROM events
        WHERE name IN (named, if(named = 'purchase', 'refund', named))
            AND received <= {as_of:DateTime64(3, 'UTC')} AND NOT bot AND visitor_id != ''
        ORDER BY received, seq, idx
        LIMIT 1 BY order_id, if(order_id = '', event_id, toUUID('00000000-0000-0000-0000-000000000000'))
    ),
    per_unit AS (
        SELECT
            u.visitor_id AS unit, any(u.seen) AS variant, any(u.entered) AS since, any(u.carried) AS out_carried, any(u.crossed) AS out_crossed,
            countIf(f.reached AND f.time >= u.entered AND f.time < u.entered + toIntervalMillisecond({window:Int64})) > 0 AS converted,
            sumIf(f.amount, f.time >= u.entered AND f.time < u.entered + toIntervalMillisecond({window:Int64})) AS worth
        FROM units AS u
        LEFT JOIN facts AS f ON f.visitor_id = u.visitor_id
        GROUP BY u.visitor_id
    ),

    -- Every arm of the phase has its row, also without a visitor; zeros count.
    rows AS (
        SELECT variant, 0 AS place, toUInt64(0) AS weight, false AS control,
            NOT out_carried AND NOT out_crossed AS kept, out_carried, out_crossed, converted, worth,
            since + toIntervalMillisecond({window:Int64}) <= {as_of:DateTime64(3, 'UTC')} AS ripe
        FROM per_unit
        UNION ALL
        SELECT arm.variant, place, arm.weight, arm.control, false, false, false, false, 0, false
        FROM campaigns ARRAY JOIN arms AS arm, arrayEnumerate(arms) AS place
        WHERE campaign = {campaign:String} AND phase = chosen
        UNION ALL
        SELECT arrayJoin(its.variants), 0, 0, false, false, false, false, false, 0, false
    )
SELECT
    chosen AS phase,
    variant,
    max(control) AS is_control,
    max(weight) AS weight,
    countIf(kept) AS exposed,
    countIf(kept AND ripe) AS matured,
    countIf(kept AND converted) AS conversions,
    sumIf(worth, kept) AS value_sum,
    sumIf(worth * worth, kept) AS value_sum_squares,
    sum(countIf(out_crossed)) OVER () AS crossovers,
    sum(countIf(out_carried)) OVER () AS carried_over
FROM rows
GROUP BY variant
ORDER BY max(place) = 0, max(place), variant
