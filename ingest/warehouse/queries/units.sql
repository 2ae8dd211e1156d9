-- Who entered one campaign's phase, in which arm, and what came of it: one row a
-- visitor. Every interval is half-open, on event time. What follows counts them.
--
-- It reads the table and not the views, whose FINAL would merge every copy of every
-- row: an exposure told again counts from its earliest telling, and of the others the
-- copies are dropped where the rows of a visitor who was exposed are together. Read are
-- the campaign's own events, and of goal events the months from the first that can
-- count to the last; of all other orders only the transaction ids, since an order that
-- was told before is not told twice.
    forced AS (
        SELECT d.decision_id AS decision_id
        FROM event_log AS d ARRAY JOIN d.`outcome.campaign` AS c, d.`outcome.reason` AS r
        WHERE d.name = 'omo_decision' AND has(d.`outcome.reason`, 'forced') AND r = 'forced' AND c = {campaign:String}
    ),

    -- A visitor enters at its first exposure. Its time, place, stretch and variant are
    -- one number of 44, 52, 16 and 16 bits, of which the least is found many times
    -- faster than the least tuple.
    entries AS (
        SELECT visitor_id,
            min(bitShiftLeft(toUInt128(greatest(0, toUnixTimestamp64Milli(time))), 84) + bitShiftLeft(toUInt128(seq), 32) + bitShiftLeft(toUInt128(indexOf(plan_stretches, e.phase)), 16) + (indexOf(plan_variants, e.variant) AS arm) AS place) AS first,
            min(arm) != max(arm) AS crossed, max(staff) AS of_staff,
            argMin(e.device_type, place) AS device, argMin(e.channel, place) AS channel, argMin(e.new_visitor, place) AS newcomer, argMin(e.rank, place) AS rank
        FROM event_log AS e
        WHERE name = 'omo_exposure' AND campaign = {campaign:String} AND has(plan_stretches, e.phase) AND e.variant != ''
            AND received <= {as_of:DateTime64(3, 'UTC')} AND NOT bot AND visitor_id != '' AND decision_id NOT IN (SELECT decision_id FROM forced)
        GROUP BY visitor_id
    ),

    -- Those who can have entered from from to to.
    inside AS (
        SELECT * FROM entries
        WHERE plan_whole OR visitor_id IN (
            SELECT visitor_id FROM event_log AS e
            WHERE name = 'omo_exposure' AND campaign = {campaign:String} AND has(plan_stretches, e.phase) AND time >= {from:DateTime64(3, 'UTC')} AND time < {to:DateTime64(3, 'UTC')})
    ),

    -- Goal events; of those of a campaign, such as omo_coupon, this one's and its
    -- phase's. A refund takes value off, however its sign is written, and is no
    -- conversion. Of a derived event those are reached that the engine stamped so when
    -- they came, and refunds are of those orders.
    goals AS (
        SELECT visitor_id, user_id, event_id, seq, idx, time, transaction_id AS order_id,
            bitShiftLeft(toUInt128(toUnixTimestamp64Milli(received)), 80) + bitShiftLeft(toUInt128(seq), 16) + idx AS place, name = 'purchase' AS order,
            name = plan_named AND (plan_some_of = '' OR has(kinds, {goal:String})) AS reached,
            ifNull(if({value:String} = 'value', value, toFloat64OrNull(properties[{value:String}])), 0) AS told,
            multiIf(reached, told, name = plan_named, 0, plan_some_of = '' OR transaction_id IN (
                SELECT transaction_id FROM event_log
                WHERE name = 'purchase' AND transaction_id != '' AND plan_some_of != '' AND received <= {as_of:DateTime64(3, 'UTC')} AND NOT bot AND visitor_id != ''
                GROUP BY transaction_id HAVING argMin(has(kinds, {goal:String}), (received, seq, idx))), -abs(told), 0) AS amount,
            ifNull(value, 0) AS price, if(plan_costs, properties['coupon'], '') AS coupon
        FROM event_log
        WHERE (name = plan_named OR name = 'refund' AND plan_named = 'purchase') AND (campaign = '' OR startsWith(plan_named, 'omo_') AND campaign = {campaign:String} AND substringIndex(phase, '/', 1) IN ('', plan_phase)) AND received <= {as_of:DateTime64(3, 'UTC')} AND NOT bot AND visitor_id != ''
            AND time >= plan_opens - toIntervalMillisecond({past:Int64}) AND time < plan_closes AND received >= plan_opens - toIntervalMillisecond({past:Int64}) - toIntervalDay(1)
    ),

    -- Orders told more than once: the places of all tellings but the first (a row that
    -- is there twice has one place). Hashes say which they may be, since hundreds of
    -- thousands of texts are slow to group.
    retold AS (
        SELECT transaction_id, arrayJoin(arrayPopFront(arraySort(groupUniqArray(bitShiftLeft(toUInt128(toUnixTimestamp64Milli(received)), 80) + bitShiftLeft(toUInt128(seq), 16) + idx)))) AS place
        FROM event_log
        WHERE name = 'purchase' AND transaction_id != '' AND received <= {as_of:DateTime64(3, 'UTC')} AND NOT bot AND cityHash64(transaction_id) IN (
            SELECT cityHash64(transaction_id) FROM event_log
            WHERE name = 'purchase' AND transaction_id != '' AND received <= {as_of:DateTime64(3, 'UTC')} AND NOT bot
            GROUP BY cityHash64(transaction_id)
            HAVING count() > 1)
        GROUP BY transaction_id
    ),

    -- Whose browser it is, where anything says so.
    known AS (
        SELECT visitor_id, max(user_id) AS person
        FROM (
            SELECT visitor_id, user_id FROM event_log
            WHERE (name = 'omo_merge' OR name IN ('omo_exposure', 'omo_click', 'omo_close', 'omo_error', 'omo_coupon') AND campaign = {campaign:String} AND NOT bot)
                AND user_id != '' AND received <= {as_of:DateTime64(3, 'UTC')} AND visitor_id != ''
            UNION ALL
            SELECT visitor_id, user_id FROM goals WHERE user_id != ''
        )
        GROUP BY visitor_id
    ),

    -- An event belongs to the visitor on it if that was exposed, else to its
    -- person's first exposed visitor, else to nobody.
    owners AS (
        SELECT visitor_id, visitor_id AS unit, first, false AS moved FROM inside
        UNION ALL
        SELECT arrayJoin(others), owner.2, owner.3, true
        FROM (
            SELECT groupArrayIf(k.visitor_id, e.visitor_id = '') AS others, minIf((bitShiftRight(e.first, 84), e.visitor_id, e.first), e.visitor_id != '') AS owner
            FROM entries AS e RIGHT JOIN known AS k ON e.visitor_id = k.visitor_id
            GROUP BY k.person
            HAVING owner.2 != '' AND notEmpty(others)
        )
    ),

    -- What is told of anybody, one row an event.
    told AS (
        SELECT visitor_id, 'goal' AS kind, event_id, seq, idx, time, false AS staff, order_id, place, order, reached, amount, price, coupon, '' AS arm, '' AS pool FROM goals
        UNION ALL
        SELECT visitor_id, toString(name), event_id, seq, idx, time, staff, transaction_id, 0, false, false, 0, 0, '', toString(e.variant), if(name = 'omo_coupon', properties['pool'], '')
        FROM event_log AS e
        WHERE (name IN ('omo_click', 'omo_close', 'omo_coupon') AND substringIndex(e.phase, '/', 1) IN ('', plan_phase) OR name = 'omo_error' AND substringIndex(e.phase, '/', 1) = plan_phase)
            AND campaign = {campaign:String} AND received <= {as_of:DateTime64(3, 'UTC')} AND NOT bot AND visitor_id != ''
        UNION ALL
        -- Its exposures in an earlier phase, and those, of whatever phase, that say it is of staff.
        SELECT visitor_id, if(has(plan_earlier, substringIndex(e.phase, '/', 1)), 'earlier', 'met'), event_id, seq, idx, time, staff, '', 0, false, false, 0, 0, '', '', ''
        FROM event_log AS e
        WHERE name = 'omo_exposure' AND campaign = {campaign:String} AND (has(plan_earlier, substringIndex(e.phase, '/', 1)) OR staff) AND e.variant != ''
            AND received <= {as_of:DateTime64(3, 'UTC')} AND NOT bot AND visitor_id != '' AND decision_id NOT IN (SELECT decision_id FROM forced)
    ),

    deeds AS (
        SELECT o.unit AS unit, fromUnixTimestamp64Milli(toInt64(bitShiftRight(any(o.first), 84)), 'UTC') AS entered, plan_arms[toUInt16(bitAnd(any(o.first), 65535))] AS arm,
            max(t.staff AND NOT o.moved) AS of_staff, max(t.kind = 'earlier' AND NOT o.moved) AS carried,
            maxIf(t.time, t.kind = 'omo_click' AND NOT o.moved) AS clicked, maxIf(t.time, t.kind = 'omo_close' AND NOT o.moved) AS closed, maxIf(t.time, t.kind = 'omo_error' AND NOT o.moved) AS failed,
            arrayCompact(x -> x.event_id, arraySort(x -> (x.event_id, x.seq, x.idx), groupArrayIf((t.event_id, t.seq, t.idx, t.time, t.reached, t.amount, t.price, t.coupon, t.order_id)::Tuple(
                event_id UUID, seq UInt64, idx UInt16, time DateTime64(3, 'UTC'), reached Bool, amount Float64, price Float64, coupon String, order_id String),
                t.kind = 'goal' AND (NOT t.order OR (t.order_id, t.place) NOT IN (SELECT transaction_id, place FROM retold))))) AS facts,
            arrayCompact(x -> x.event_id, arraySort(x -> (x.event_id, x.seq, x.idx), groupArrayIf((t.event_id, t.seq, t.idx, t.time, t.arm, t.pool, t.order_id)::Tuple(
                event_id UUID, seq UInt64, idx UInt16, time DateTime64(3, 'UTC'), variant String, pool String, order_id String), t.kind = 'omo_coupon'))) AS redeemed
        FROM told AS t INNER JOIN owners AS o ON t.visitor_id = o.visitor_id
        GROUP BY o.unit
    ),

    -- What came of it. What a reward cost: a share of the order, or an amount, for
    -- each order of the window that used it. It was used by an order
    -- with the arm's code; of a pool, by the order that the redemption names, or
    -- else by the one nearest to it in time; a reward without a code comes with
    -- every order. Only orders have costs: goals that are no purchase have none.
    outcomes AS (
        SELECT unit, of_staff, carried, clicked >= entered AS clicked, closed >= entered AS closed, failed >= entered AS failed,
            arrayFilter(f -> f.time >= entered AND f.time < entered + toIntervalMillisecond({window:Int64}), facts) AS counted,
            arrayExists(f -> f.reached, counted) AS converted, arraySum(counted.amount) AS worth,
            arraySum(arrayFilter(f -> f.time >= entered - toIntervalMillisecond({past:Int64}) AND f.time < entered, facts).amount) AS past,
            arrayFilter(f -> f.reached AND (arm.cost_share > 0 OR arm.cost_amount > 0), counted) AS orders,
            if(plan_costs, arraySum(f -> if(arm.cost_share > 0, f.price * arm.cost_share / 10000, arm.cost_amount),
                if(arm.pool = '', arrayFilter(f -> arm.code = '' OR f.coupon = arm.code, orders),
                    arrayMap(r -> if(r.order_id != '' AND has(orders.order_id, r.order_id), arrayFirst(f -> f.order_id = r.order_id, orders),
                        arraySort(f -> abs(dateDiff('millisecond', f.time, r.time)), orders)[1]),
                        arrayFilter(r -> r.variant = arm.variant AND r.pool = arm.pool AND r.time >= entered AND r.time < entered + toIntervalMillisecond({window:Int64}) AND notEmpty(orders), redeemed)))), 0) AS cost
        FROM deeds
    ),

    -- from and to are about entering. Whoever saw an earlier phase carries that over,
    -- whoever saw two variants crossed: both are out of every arm, and counted.
    units AS (
        SELECT e.visitor_id AS unit, fromUnixTimestamp64Milli(toInt64(bitShiftRight(e.first, 84)), 'UTC') AS entered, entered + toIntervalMillisecond({window:Int64}) <= {as_of:DateTime64(3, 'UTC')} AS ripe,
            plan_variants[toUInt16(bitAnd(e.first, 65535))] AS variant, toUInt32OrZero(splitByChar('/', plan_stretches[toUInt16(bitAnd(bitShiftRight(e.first, 16), 65535))])[2]) AS period,
            toString(e.device) AS device, if(e.newcomer, 'new', 'returning') AS newcomer, toString(e.channel) AS channel, toString(e.rank) AS rank,
            o.carried AS out_carried, e.crossed AND NOT o.carried AS out_crossed, NOT o.carried AND NOT e.crossed AS kept,
            o.clicked AS clicked, o.closed AS closed, o.failed AS failed, o.converted AS converted, o.worth AS worth, o.past AS past, o.cost AS cost
        FROM inside AS e LEFT JOIN outcomes AS o ON e.visitor_id = o.unit
        WHERE NOT e.of_staff AND NOT o.of_staff AND entered >= {from:DateTime64(3, 'UTC')} AND entered < {to:DateTime64(3, 'UTC')}
            AND (NOT {matured:Bool} OR ripe)
    )
