-- All campaigns together against the holdout, month by month. Every visitor who
-- may be remembered enters at its first page view of the month, in either arm:
-- which one, the holdout's bucket of its unit says, computed here again. Where
-- the share changed within a month, everybody enters after the last change:
-- before it the two arms were not what they are. Orders and revenue count from
-- entering to the end of the month.
WITH
    -- The holdout's share of 10,000 from each moment on at which it changed.
    (
        SELECT arrayFilter((c, i) -> i = 1 OR c.2 != told[i - 1].2, told, arrayEnumerate(told))
        FROM (
            SELECT arrayConcat([(toDateTime64('1900-01-01 00:00:00', 3, 'UTC'), toInt64(0))],
                arrayMap(t -> (t.1, t.4), arraySort(groupArray((received, seq, idx, JSONExtractInt(raw, 'properties', 'holdout')))))) AS told
            FROM events
            WHERE name = 'omo_rules' AND received <= {as_of:DateTime64(3, 'UTC')}
        )
    ) AS changes,
    views AS (
        SELECT
            visitor_id, time, received, seq, idx, toStartOfMonth(toTimeZone(time, {zone:String})) AS month,
            toDateTime64(toDateTime(addMonths(month, 1), {zone:String}), 3, 'UTC') AS over,
            arrayLast(c -> c.1 < over, changes) AS holding
        FROM events
        WHERE name = 'page_view' AND NOT bot AND visitor_id != ''
            AND received <= {as_of:DateTime64(3, 'UTC')} AND received >= {from:DateTime64(3, 'UTC')}
            AND time >= {from:DateTime64(3, 'UTC')} AND time < {to:DateTime64(3, 'UTC')}
            AND received >= holding.1
    ),
    -- A unit that was adopted from a person, from its place in the ledger on.
    adopted AS (
        SELECT visitor_id, arraySort(groupArray((received, seq, idx, unit))) AS units
        FROM event_log
        WHERE unit != '' AND visitor_id != '' AND received <= {as_of:DateTime64(3, 'UTC')}
        GROUP BY visitor_id
    ),
    entering AS (
        SELECT
            v.month AS month, v.visitor_id AS visitor_id, min(v.time) AS entered, any(v.over) AS over, any(v.holding.2) AS share,
            argMin((v.received, v.seq, v.idx), (v.time, v.seq, v.idx)) AS place
        FROM views AS v
        GROUP BY v.month, v.visitor_id
    ),
    arms AS (
        SELECT
            e.month AS month, e.visitor_id AS visitor_id, e.entered AS entered, e.over AS over, e.share AS share,
            arrayLast(a -> (a.1, a.2, a.3) <= e.place, a.units).4 AS taken,
            'om1|holdout||' || if(taken = '', e.visitor_id, taken) AS drawn,
            bitShiftRight(toUInt128(reinterpretAsUInt64(substring(murmurHash3_128(drawn), 1, 8))) * 10000, 64) < e.share AS held
        FROM entering AS e
        LEFT JOIN adopted AS a ON a.visitor_id = e.visitor_id
    ),
    -- Orders told more than once, and the place of the first telling (see queries/units.sql).
    retold AS (
        SELECT transaction_id, min(bitShiftLeft(toUInt128(toUnixTimestamp64Milli(received)), 80) + bitShiftLeft(toUInt128(seq), 16) + idx) AS first_place
        FROM event_log
        WHERE name = 'purchase' AND transaction_id != '' AND received <= {as_of:DateTime64(3, 'UTC')} AND NOT bot AND visitor_id != ''
        GROUP BY transaction_id
        HAVING count() > 1
    ),
    -- An order told twice is the one first received, also where that was before.
    facts AS (
        SELECT visitor_id, name, time, ifNull(value, 0) AS amount
        FROM events
        WHERE name IN ('purchase', 'refund') AND NOT bot AND visitor_id != ''
            AND received <= {as_of:DateTime64(3, 'UTC')} AND received >= {from:DateTime64(3, 'UTC')}
            AND (name != 'purchase' OR transaction_id NOT IN (SELECT transaction_id FROM retold)
                OR (transaction_id, bitShiftLeft(toUInt128(toUnixTimestamp64Milli(received)), 80) + bitShiftLeft(toUInt128(seq), 16) + idx) IN (SELECT transaction_id, first_place FROM retold))
    ),
    per_visitor AS (
        SELECT
            a.month AS month, a.held AS held, any(a.share) AS share,
            countIf(f.name = 'purchase' AND f.time >= a.entered AND f.time < a.over) > 0 AS bought,
            sumIf(if(f.name = 'purchase', f.amount, -abs(f.amount)), f.name != '' AND f.time >= a.entered AND f.time < a.over) AS worth
        FROM arms AS a
        LEFT JOIN facts AS f ON f.visitor_id = a.visitor_id
        GROUP BY a.month, a.held, a.visitor_id
    )
SELECT
    formatDateTime(month, '%Y-%m') AS of, any(share) AS holdout,
    countIf(NOT held) AS visitors, countIf(NOT held AND bought) AS buyers, sumIf(worth, NOT held) AS revenue, sumIf(worth * worth, NOT held) AS squares,
    countIf(held) AS held_visitors, countIf(held AND bought) AS held_buyers, sumIf(worth, held) AS held_revenue, sumIf(worth * worth, held) AS held_squares
FROM per_visitor
GROUP BY month
ORDER BY month
