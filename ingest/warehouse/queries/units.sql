-- Who entered one campaign's phase, in which arm, and what came of it: one row a
-- visitor. Every interval is half-open, on event time. What follows counts them.
WITH
    -- What is counted. A phase began when a rule set with it went live, or with its
    -- first exposure. Unless told: the newest phase anybody was exposed in, else the
    -- newest of all. One value, since ClickHouse runs a named subquery at each use.
    (
        SELECT (its.phase, earlier, its.some_of, if(its.some_of = '', {goal:String}, its.some_of),
            -- Every arm of the phase and what its reward costs.
            arrayConcat(its.arms, arrayMap(v -> (v, 0, false, 0, 0, '', ''), arraySort(arrayFilter(v -> NOT has(its.arms.variant, v), its.variants)))))
            ::Tuple(phase String, earlier Array(String), some_of String, named String,
                arms Array(Tuple(variant String, weight UInt64, control Bool, cost_share Float64, cost_amount Float64, code String, pool String)))
        FROM (
            SELECT its, arrayMap(p -> p.phase, arrayFilter(p -> p.began < its.began, phases)) AS earlier
            FROM (
                SELECT phases, if({phase:String} = '', arrayReverseSort(p -> (p.shown, p.began), phases)[1], arrayFirst(p -> p.phase = {phase:String}, phases)) AS its
                FROM (
                    SELECT groupArray((phase, began, shown, variants, some_of, arms)::Tuple(phase String, began DateTime64(3, 'UTC'), shown Bool, variants Array(String), some_of String,
                        arms Array(Tuple(variant String, weight UInt64, control Bool, cost_share Float64, cost_amount Float64, code String, pool String)))) AS phases
                    FROM (
                        SELECT phase, min(at) AS began, max(exposed) AS shown, groupUniqArrayIf(variant, variant != '') AS variants, max(source) AS some_of, max(told) AS arms
                        FROM (
                            SELECT phase, received AS at, true AS exposed, variant, '' AS source,
                                []::Array(Tuple(variant String, weight UInt64, control Bool, cost_share Float64, cost_amount Float64, code String, pool String)) AS told
                            FROM exposures WHERE campaign = {campaign:String} AND received <= {as_of:DateTime64(3, 'UTC')} AND NOT bot AND NOT forced AND NOT staff
                            UNION ALL
                            SELECT phase, began, false, '', derived[{goal:String}], arms
                            FROM campaigns WHERE campaign = {campaign:String} AND began <= {as_of:DateTime64(3, 'UTC')}
                        )
                        GROUP BY phase
                    )
                )
            )
        )
    ) AS plan,

    -- Goal events, each once: purchases by transaction, of which the first
    -- received stays, also where that one was before the exposure. A refund
    -- takes value off and is no conversion. Of a derived event those are reached
    -- that the engine stamped so when they came, and refunds are of those orders.
    facts AS (
        SELECT
            visitor_id, user_id, time, seq, idx, transaction_id, properties['coupon'] AS coupon, ifNull(value, 0) AS price,
            name = plan.named AND (plan.some_of = '' OR has(kinds, {goal:String})) AS reached,
            multiIf(
                reached, 1,
                name = plan.named, 0,
                plan.some_of = '' OR transaction_id IN (
                    SELECT transaction_id FROM events
                    WHERE name = 'purchase' AND transaction_id != '' AND plan.some_of != '' AND received <= {as_of:DateTime64(3, 'UTC')} AND NOT bot AND visitor_id != ''
                    GROUP BY transaction_id HAVING argMin(has(kinds, {goal:String}), (received, seq, idx))), -1,
                0) * ifNull(if({value:String} = 'value', value, toFloat64OrNull(properties[{value:String}])), 0) AS amount,
            if(name = 'purchase', transaction_id, '') AS order_id
        FROM events
        WHERE name IN (plan.named, if(plan.named = 'purchase', 'refund', plan.named))
            AND received <= {as_of:DateTime64(3, 'UTC')} AND NOT bot AND visitor_id != ''
        ORDER BY received, seq, idx
        LIMIT 1 BY order_id, if(order_id = '', event_id, toUUID('00000000-0000-0000-0000-000000000000'))
    ),

    -- One row a visitor of whom anything is known. It enters at its first
    -- exposure. Whoever saw an plan.earlier phase carries that over, whoever saw two
    -- variants crossed: both are out of every arm, and counted.
    visitors AS (
        SELECT
            visitor_id, max(user_id) AS person,
            countIf(kind = 'omo_exposure' AND phase = plan.phase) > 0 AS exposed,
            minIf(time, kind = 'omo_exposure' AND phase = plan.phase) AS entered,
            argMinIf((variant, period, device_type, channel, new_visitor, rank), (time, seq, idx), kind = 'omo_exposure' AND phase = plan.phase) AS first,
            countIf(kind = 'omo_exposure' AND has(plan.earlier, phase)) > 0 AS carried,
            uniqExactIf(variant, kind = 'omo_exposure' AND phase = plan.phase) > 1 AND NOT carried AS crossed,
            max(staff) AS of_staff,
            maxIf(time, kind = 'omo_click' AND phase IN ('', plan.phase)) AS clicked,
            maxIf(time, kind = 'omo_close' AND phase IN ('', plan.phase)) AS closed,
            maxIf(time, kind = 'omo_error' AND phase IN ('', plan.phase)) AS failed,
            groupArrayIf((time, variant, pool, transaction_id), kind = 'omo_coupon' AND phase IN ('', plan.phase)) AS redeemed,
            groupArrayIf((time, reached, amount, price, coupon, transaction_id), kind = 'goal') AS facts
        FROM (
            SELECT visitor_id, user_id, name AS kind, time, seq, idx, phase, period, variant, device_type, channel, new_visitor, rank, staff,
                '' AS pool, '' AS transaction_id, '' AS coupon, false AS reached, 0 AS amount, 0 AS price
            FROM (
                SELECT visitor_id, user_id, 'omo_exposure' AS name, time, seq, idx, phase, period, variant, device_type, channel, new_visitor, rank, staff
                FROM exposures
                WHERE campaign = {campaign:String} AND received <= {as_of:DateTime64(3, 'UTC')} AND NOT bot AND NOT forced AND visitor_id != '' AND variant != ''
            )
            UNION ALL
            SELECT visitor_id, user_id, name, time, seq, idx, splitByChar('/', phase)[1], 0, variant, '', '', false, '', false,
                properties['pool'], transaction_id, '', false, 0, 0
            FROM events
            WHERE name IN ('omo_click', 'omo_close', 'omo_error', 'omo_coupon') AND campaign = {campaign:String}
                AND received <= {as_of:DateTime64(3, 'UTC')} AND NOT bot AND visitor_id != ''
            UNION ALL
            SELECT visitor_id, user_id, 'omo_merge', time, seq, idx, '', 0, '', '', '', false, '', false, '', '', '', false, 0, 0
            FROM events WHERE name = 'omo_merge' AND received <= {as_of:DateTime64(3, 'UTC')} AND visitor_id != ''
            UNION ALL
            SELECT visitor_id, user_id, 'goal', time, seq, idx, '', 0, '', '', '', false, '', false, '', transaction_id, coupon, reached, amount, price
            FROM facts
        )
        GROUP BY visitor_id
    ),

    -- An event belongs to the visitor on it if that was exposed, else to its
    -- person's first exposed visitor, else to nobody.
    owned AS (
        SELECT u, arrayConcat(u.facts, if(at = 1, arrayFlatten(others.facts), [])) AS facts,
            arrayConcat(u.redeemed, if(at = 1, arrayFlatten(others.redeemed), [])) AS redeemed
        FROM (
            SELECT
                arraySort(b -> (b.entered, b.visitor_id), arrayFilter(b -> b.exposed, browsers)) AS shown,
                arrayFilter(b -> NOT b.exposed, browsers) AS others
            FROM (
                SELECT groupArray((visitor_id, exposed, entered, first, carried, crossed, of_staff, clicked, closed, failed, redeemed, facts)::Tuple(
                    visitor_id String, exposed Bool, entered DateTime64(3, 'UTC'),
                    first Tuple(variant String, period UInt32, device String, channel String, newcomer Bool, rank String),
                    carried Bool, crossed Bool, of_staff Bool, clicked DateTime64(3, 'UTC'), closed DateTime64(3, 'UTC'), failed DateTime64(3, 'UTC'),
                    redeemed Array(Tuple(time DateTime64(3, 'UTC'), variant String, pool String, order_id String)),
                    facts Array(Tuple(time DateTime64(3, 'UTC'), reached Bool, amount Float64, price Float64, coupon String, order_id String)))) AS browsers
                FROM visitors
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
        SELECT
            u.visitor_id AS unit, u.entered AS entered, u.first.variant AS variant, u.first.period AS period,
            u.first.device AS device, if(u.first.newcomer, 'new', 'returning') AS newcomer, u.first.channel AS channel, u.first.rank AS rank,
            u.carried AS out_carried, u.crossed AS out_crossed, NOT u.carried AND NOT u.crossed AS kept,
            closes <= {as_of:DateTime64(3, 'UTC')} AS ripe,
            u.clicked >= u.entered AS clicked, u.closed >= u.entered AS closed, u.failed >= u.entered AS failed,
            arrayExists(f -> f.reached, counted) AS converted, arraySum(f -> f.amount, counted) AS worth, past,
            arraySum(f -> if(arm.cost_share > 0, f.price * arm.cost_share / 10000, arm.cost_amount),
                if(arm.pool = '', arrayFilter(f -> arm.code = '' OR f.coupon = arm.code, orders),
                    arrayMap(r -> if(r.order_id != '' AND has(orders.order_id, r.order_id), arrayFirst(f -> f.order_id = r.order_id, orders),
                        arraySort(f -> abs(dateDiff('millisecond', f.time, r.time)), orders)[1]), used))) AS cost
        FROM (
            SELECT u, closes, counted, past, arm, orders,
                arrayFilter(r -> r.variant = arm.variant AND r.pool = arm.pool AND r.time >= u.entered AND r.time < closes AND notEmpty(orders), redeemed) AS used
            FROM (
                SELECT u, closes, counted, past, arm, redeemed,
                    arrayFilter(f -> f.reached AND plan.named = 'purchase' AND (arm.cost_share > 0 OR arm.cost_amount > 0), counted) AS orders
                FROM (
                    SELECT u, redeemed, u.entered + toIntervalMillisecond({window:Int64}) AS closes,
                        arrayFirst(a -> a.variant = u.first.variant, plan.arms) AS arm,
                        arrayFilter(f -> f.time >= u.entered AND f.time < u.entered + toIntervalMillisecond({window:Int64}), facts) AS counted,
                        arraySum(f -> f.amount, arrayFilter(f -> f.time >= u.entered - toIntervalMillisecond({past:Int64}) AND f.time < u.entered, facts)) AS past
                    FROM owned
                    WHERE NOT u.of_staff AND u.entered >= {from:DateTime64(3, 'UTC')} AND u.entered < {to:DateTime64(3, 'UTC')}
                        AND (NOT {matured:Bool} OR u.entered + toIntervalMillisecond({window:Int64}) <= {as_of:DateTime64(3, 'UTC')})
                )
            )
        )
    )
