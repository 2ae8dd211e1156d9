-- Who entered one campaign's phase, in which arm, and what came of it: one row a
-- visitor. Every interval is half-open, on event time. What follows counts them.
--
-- It reads the table and not the views, whose FINAL would merge every copy of every
-- row: a copy has the visitor and the id of its event, and is dropped where the
-- visitor's rows are together. Read are the campaign's own events, and of goal
-- events the months from the first that can count to the last; of all other orders
-- only the transaction ids, since an order that was told before is not told twice.
    -- Orders told more than once, and the place of the first telling: one number, since
    -- tuples are slow to compare. They are few; a set of all orders would be large.
    retold AS (
        SELECT transaction_id, min(bitShiftLeft(toUInt128(toUnixTimestamp64Milli(received)), 80) + bitShiftLeft(toUInt128(seq), 16) + idx) AS first_place
        FROM event_log
        WHERE name = 'purchase' AND transaction_id != '' AND received <= {as_of:DateTime64(3, 'UTC')} AND NOT bot AND visitor_id != ''
        GROUP BY transaction_id
        HAVING count() > 1
    ),

    -- One row a visitor of whom anything is known: its exposures in order of time,
    -- what it did with them, and its goal events, of each event the copy received first.
    visitors AS (
        SELECT
            visitor_id, max(user_id) AS person, max(staff) AS of_staff,
            arraySort(x -> (x.time, x.seq, x.idx), arrayCompact(x -> x.event_id, arraySort(x -> (x.event_id, x.seq, x.idx), groupArrayIf((event_id, seq, idx, time, phase, period, variant, device_type, channel, new_visitor, rank)::Tuple(
                event_id UUID, seq UInt64, idx UInt16, time DateTime64(3, 'UTC'), phase String, period UInt32, variant String, device String, channel String, newcomer Bool, rank String), kind = 'omo_exposure')))) AS exposures,
            maxIf(time, kind = 'omo_click' AND phase IN ('', plan.phase)) AS clicked,
            maxIf(time, kind = 'omo_close' AND phase IN ('', plan.phase)) AS closed,
            maxIf(time, kind = 'omo_error' AND phase = plan.phase) AS failed,
            arrayCompact(x -> x.event_id, arraySort(x -> (x.event_id, x.seq, x.idx), groupArrayIf((event_id, seq, idx, time, variant, pool, order_id)::Tuple(
                event_id UUID, seq UInt64, idx UInt16, time DateTime64(3, 'UTC'), variant String, pool String, order_id String), kind = 'omo_coupon' AND phase IN ('', plan.phase)))) AS redeemed,
            arrayCompact(x -> x.event_id, arraySort(x -> (x.event_id, x.seq, x.idx), groupArrayIf((event_id, seq, idx, time, reached, amount, price, coupon, order_id)::Tuple(
                event_id UUID, seq UInt64, idx UInt16, time DateTime64(3, 'UTC'), reached Bool, amount Float64, price Float64, coupon String, order_id String), kind = 'goal'))) AS facts
        FROM (
            SELECT visitor_id, user_id, toString(name) AS kind, event_id, seq, idx, time, splitByChar('/', toString(e.phase))[1] AS phase, toUInt32OrZero(splitByChar('/', toString(e.phase))[2]) AS period,
                toString(e.variant) AS variant, toString(device_type) AS device_type, toString(channel) AS channel, new_visitor, toString(rank) AS rank, staff,
                properties['pool'] AS pool, transaction_id AS order_id, '' AS coupon, false AS reached, 0. AS amount, 0. AS price
            FROM event_log AS e
            WHERE name IN ('omo_exposure', 'omo_click', 'omo_close', 'omo_error', 'omo_coupon') AND campaign = {campaign:String}
                AND received <= {as_of:DateTime64(3, 'UTC')} AND NOT bot AND visitor_id != '' AND (name != 'omo_exposure' OR e.variant != '' AND decision_id NOT IN (SELECT d.decision_id FROM event_log AS d ARRAY JOIN d.`outcome.campaign` AS c, d.`outcome.reason` AS r WHERE d.name = 'omo_decision' AND has(d.`outcome.reason`, 'forced') AND r = 'forced' AND c = {campaign:String}))
            UNION ALL
            SELECT visitor_id, user_id, '', event_id, seq, idx, time, '', 0, '', '', '', false, '', false, '', '', '', false, 0., 0.
            FROM event_log
            WHERE name = 'omo_merge' AND received <= {as_of:DateTime64(3, 'UTC')} AND visitor_id != ''
            UNION ALL
            -- Goal events, each once: purchases by transaction, of which the first
            -- received stays, also where that one was before the exposure. A refund
            -- takes value off, however its sign is written, and is no conversion. Of a derived event those are reached
            -- that the engine stamped so when they came, and refunds are of those orders.
            SELECT visitor_id, user_id, 'goal', event_id, seq, idx, time, '', 0, '', '', '', false, '', false, '', transaction_id, properties['coupon'],
                name = plan.named AND (plan.some_of = '' OR has(kinds, {goal:String})) AS reached,
                multiIf(
                    reached, ifNull(if({value:String} = 'value', value, toFloat64OrNull(properties[{value:String}])), 0),
                    name = plan.named, 0,
                    plan.some_of = '' OR transaction_id IN (
                        SELECT transaction_id FROM event_log
                        WHERE name = 'purchase' AND transaction_id != '' AND plan.some_of != '' AND received <= {as_of:DateTime64(3, 'UTC')} AND NOT bot AND visitor_id != ''
                        GROUP BY transaction_id HAVING argMin(has(kinds, {goal:String}), (received, seq, idx))), -abs(ifNull(if({value:String} = 'value', value, toFloat64OrNull(properties[{value:String}])), 0)),
                    0),
                ifNull(value, 0)
            FROM event_log
            WHERE (name = plan.named OR name = 'refund' AND plan.named = 'purchase') AND campaign = '' AND received <= {as_of:DateTime64(3, 'UTC')} AND NOT bot AND visitor_id != ''
                AND time >= plan.opens - toIntervalMillisecond({past:Int64}) AND time < plan.closes AND received >= plan.opens - toIntervalMillisecond({past:Int64}) - toIntervalDay(1)
                AND (name != 'purchase' OR transaction_id NOT IN (SELECT transaction_id FROM retold)
                    OR (transaction_id, bitShiftLeft(toUInt128(toUnixTimestamp64Milli(received)), 80) + bitShiftLeft(toUInt128(seq), 16) + idx) IN (SELECT transaction_id, first_place FROM retold))
        )
        GROUP BY visitor_id
        HAVING notEmpty(exposures) OR person != '' AND (notEmpty(facts) OR notEmpty(redeemed))
    ),

    -- It enters at its first exposure. Whoever saw an earlier phase carries that
    -- over, whoever saw two variants crossed: both are out of every arm, and counted.
    entries AS (
        SELECT visitor_id, person, of_staff, clicked, closed, failed, redeemed, facts, its[1] AS first, notEmpty(its) AS exposed,
            arrayExists(x -> has(plan.earlier, x.phase), exposures) AS carried, length(arrayDistinct(its.variant)) > 1 AND NOT carried AS crossed
        FROM (SELECT *, arrayFilter(x -> x.phase = plan.phase, exposures) AS its FROM visitors)
    ),

    -- An event belongs to the visitor on it if that was exposed, else to its
    -- person's first exposed visitor, else to nobody.
    owned AS (
        SELECT u.visitor_id AS unit, u.first AS first, u.carried AS out_carried, u.crossed AS out_crossed, u.of_staff AS of_staff,
            u.clicked AS clicked_last, u.closed AS closed_last, u.failed AS failed_last,
            arrayConcat(u.facts, if(at = 1, arrayFlatten(others.facts), [])) AS facts,
            arrayConcat(u.redeemed, if(at = 1, arrayFlatten(others.redeemed), [])) AS redeemed
        FROM (
            SELECT
                arraySort(b -> (b.first.time, b.visitor_id), arrayFilter(b -> b.exposed, browsers)) AS shown,
                arrayFilter(b -> NOT b.exposed, browsers) AS others
            FROM (
                SELECT groupArray((visitor_id, exposed, first, carried, crossed, of_staff, clicked, closed, failed, redeemed, facts)::Tuple(
                    visitor_id String, exposed Bool,
                    first Tuple(event_id UUID, seq UInt64, idx UInt16, time DateTime64(3, 'UTC'), phase String, period UInt32, variant String, device String, channel String, newcomer Bool, rank String),
                    carried Bool, crossed Bool, of_staff Bool, clicked DateTime64(3, 'UTC'), closed DateTime64(3, 'UTC'), failed DateTime64(3, 'UTC'),
                    redeemed Array(Tuple(event_id UUID, seq UInt64, idx UInt16, time DateTime64(3, 'UTC'), variant String, pool String, order_id String)),
                    facts Array(Tuple(event_id UUID, seq UInt64, idx UInt16, time DateTime64(3, 'UTC'), reached Bool, amount Float64, price Float64, coupon String, order_id String)))) AS browsers
                FROM entries
                GROUP BY person, if(person = '', visitor_id, '')
                HAVING max(exposed)
            )
        )
        ARRAY JOIN shown AS u, arrayEnumerate(shown) AS at
    ),

    -- from and to are about entering. What a reward cost: a share of the order, or
    -- an amount, for each order of the window that used it. It was used by an order
    -- with the arm's code; of a pool, by the order that the redemption names, or
    -- else by the one nearest to it in time; a reward without a code comes with
    -- every order. Only orders have costs: goals that are no purchase have none.
    units AS (
        SELECT unit, entered, variant, period, device, newcomer, channel, rank, out_carried, out_crossed, NOT out_carried AND NOT out_crossed AS kept,
            closes <= {as_of:DateTime64(3, 'UTC')} AS ripe, clicked_last >= entered AS clicked, closed_last >= entered AS closed, failed_last >= entered AS failed,
            arrayExists(f -> f.reached, counted) AS converted, arraySum(counted.amount) AS worth, past,
            arraySum(f -> if(arm.cost_share > 0, f.price * arm.cost_share / 10000, arm.cost_amount),
                if(arm.pool = '', arrayFilter(f -> arm.code = '' OR f.coupon = arm.code, orders),
                    arrayMap(r -> if(r.order_id != '' AND has(orders.order_id, r.order_id), arrayFirst(f -> f.order_id = r.order_id, orders),
                        arraySort(f -> abs(dateDiff('millisecond', f.time, r.time)), orders)[1]),
                        arrayFilter(r -> r.variant = arm.variant AND r.pool = arm.pool AND r.time >= entered AND r.time < closes AND notEmpty(orders), redeemed)))) AS cost
        FROM (
            SELECT *, arrayFilter(f -> f.reached AND plan.named = 'purchase' AND (arm.cost_share > 0 OR arm.cost_amount > 0), counted) AS orders
            FROM (
                SELECT *, arrayFirst(a -> a.variant = variant, plan.arms) AS arm, arrayFilter(f -> f.time >= entered AND f.time < closes, facts) AS counted,
                    arraySum(arrayFilter(f -> f.time >= entered - toIntervalMillisecond({past:Int64}) AND f.time < entered, facts).amount) AS past
                FROM (
                    SELECT unit, out_carried, out_crossed, of_staff, clicked_last, closed_last, failed_last, facts, redeemed,
                        first.time AS entered, entered + toIntervalMillisecond({window:Int64}) AS closes, first.variant AS variant, first.period AS period,
                        first.device AS device, if(first.newcomer, 'new', 'returning') AS newcomer, first.channel AS channel, first.rank AS rank
                    FROM owned
                )
                WHERE NOT of_staff AND entered >= {from:DateTime64(3, 'UTC')} AND entered < {to:DateTime64(3, 'UTC')}
                    AND (NOT {matured:Bool} OR closes <= {as_of:DateTime64(3, 'UTC')})
            )
        )
    )
