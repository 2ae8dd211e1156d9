-- What analysts and their tools read beside results. None of it has a parameter:
-- days are of UTC, and everything is as of now. Rules of attribution are those of
-- queries/results.sql, where each has its reason.

-- The bucketing unit that a browser adopts from its person: only the event that
-- introduced it says so. Rows of before this column have it from their text.
ALTER TABLE event_log ADD COLUMN IF NOT EXISTS unit String DEFAULT JSONExtractString(raw, 'unit')
    COMMENT 'the bucketing unit that the visitor adopted by this event; empty on all others' CODEC(ZSTD(1)) AFTER user_id;

CREATE OR REPLACE VIEW decisions (
    decision_id String                 COMMENT 'of one call of decide',
    campaign    LowCardinality(String) COMMENT 'a campaign whose rule matched in it',
    reason      LowCardinality(String) COMMENT 'what became of it: a reason code, or armed, offered, control, shadow, forced',
    variant     LowCardinality(String) COMMENT 'the variant, where one was drawn',
    phase       LowCardinality(String) COMMENT 'the campaign''s phase then',
    visitor_id  String                 COMMENT 'first-party id of a browser',
    session_id  String                 COMMENT 'the session it was in',
    time        DateTime64(3, 'UTC')   COMMENT 'when it was decided',
    received    DateTime64(3, 'UTC')   COMMENT 'the same, on the server''s clock',
    rules       LowCardinality(String) COMMENT 'hash of the rule set that decided',
    trigger     LowCardinality(String) COMMENT 'what asked; empty for the page view itself',
    path        String                 COMMENT 'path of the page',
    bot         Bool                   COMMENT 'for a crawler or monitor',
    period      UInt32                 COMMENT 'of a bandit: the stretch of equal weights in the phase, from 0 on'
) AS SELECT
    e.decision_id AS decision_id, c AS campaign, r AS reason, v AS variant, toLowCardinality(splitByChar('/', toString(p))[1]) AS phase,
    e.visitor_id AS visitor_id, e.session_id AS session_id, e.time AS time, e.received AS received, e.rules AS rules, e.trigger AS trigger,
    e.path AS path, e.bot AS bot, toUInt32OrZero(splitByChar('/', toString(p))[2]) AS period
FROM events AS e
ARRAY JOIN e.`outcome.campaign` AS c, e.`outcome.reason` AS r, e.`outcome.variant` AS v, e.`outcome.phase` AS p
WHERE e.name = 'omo_decision'
COMMENT 'one row a decision and campaign whose rule matched';

-- As results count it: staff are out, and an event on a browser that was not
-- exposed is its person's first exposed browser's.
CREATE OR REPLACE VIEW conversions (
    campaign     String                 COMMENT 'our campaign',
    phase        String                 COMMENT 'its phase',
    visitor_id   String                 COMMENT 'the unit: a visitor that was exposed in this phase',
    variant      String                 COMMENT 'the single variant seen; of a crossover, the first of them',
    crossover    Bool                   COMMENT 'saw two variants or more: out of every arm',
    carried_over Bool                   COMMENT 'was exposed in an earlier phase: out of every arm',
    entered      DateTime64(3, 'UTC')   COMMENT 'first exposure in this phase',
    goal         String                 COMMENT 'event hoped for; empty if the rule sets never told of this phase',
    main_goal    Bool                   COMMENT 'the campaign''s first goal',
    window_ms    Int64                  COMMENT 'how long after entering an event counts, half-open',
    converted    Bool                   COMMENT 'at least one goal event in the window',
    value        Float64                COMMENT 'sum of their values, of orders with refunds taken off; of the goal refund, what was refunded'
) AS
WITH
    persons AS (
        SELECT e.visitor_id AS browser, max(e.user_id) AS person
        FROM event_log AS e
        WHERE e.user_id != '' AND e.visitor_id != ''
        GROUP BY e.visitor_id
    ),
    units AS (
        SELECT campaign, phase, visitor_id, variant, crossover, entered, person,
            toBool(began > min(began) OVER (PARTITION BY campaign, visitor_id)) AS carried_over,
            max(staff) OVER (PARTITION BY campaign, visitor_id) AS of_staff,
            row_number() OVER (PARTITION BY campaign, phase, person ORDER BY entered, visitor_id) AS at
        FROM (
            SELECT x.campaign AS campaign, x.phase AS phase, x.visitor_id AS visitor_id, argMin(x.variant, (x.time, x.seq, x.idx)) AS variant,
                toBool(uniqExact(x.variant) > 1) AS crossover, min(x.time) AS entered, max(x.staff) AS staff
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
        LEFT JOIN persons AS h ON h.browser = u.visitor_id
    ),
    owners AS (
        SELECT campaign, phase, visitor_id AS unit, visitor_id AS whose FROM units
        UNION ALL
        SELECT u.campaign, u.phase, u.visitor_id, h.browser
        FROM units AS u
        INNER JOIN persons AS h ON h.person = u.person
        WHERE u.at = 1 AND u.person != '' AND (u.campaign, u.phase, h.browser) NOT IN (SELECT campaign, phase, visitor_id FROM units)
    ),
    aims AS (
        SELECT c.campaign AS campaign, c.phase AS phase, g.event AS goal, g.window_ms AS window_ms,
            if(g.value = '', 'value', g.value) AS property, toBool(i = 1) AS main_goal,
            c.derived[g.event] AS some_of, if(some_of = '', g.event, some_of) AS named
        FROM campaigns AS c
        LEFT ARRAY JOIN c.goals AS g, arrayEnumerate(c.goals) AS i
    ),
    facts AS (
        -- A refund takes off what orders add, and may be a goal itself. An event of a
        -- campaign, such as omo_coupon, is a goal of that campaign and phase only.
        SELECT visitor_id, campaign, phase, time, name, arrayJoin(if(name = 'refund', ['purchase', 'refund'], [name])) AS named, value, properties, kinds, transaction_id
        FROM (
            SELECT e.visitor_id AS visitor_id, e.campaign AS campaign, splitByChar('/', toString(e.phase))[1] AS phase, e.time AS time, e.name AS name, e.value AS value, e.properties AS properties,
                e.kinds AS kinds, e.transaction_id AS transaction_id,
                if(e.name = 'purchase', e.transaction_id, '') AS order_id
            FROM events AS e
            WHERE NOT e.bot AND e.visitor_id != ''
                AND (e.name IN (SELECT named FROM aims)
                    OR e.name = 'refund' AND 'purchase' IN (SELECT named FROM aims))
            ORDER BY e.received, e.seq, e.idx
            LIMIT 1 BY order_id, if(order_id = '', e.event_id, toUUID('00000000-0000-0000-0000-000000000000'))
        )
    ),
    -- The orders that are of a derived kind: their refunds take off what they added.
    orders AS (
        SELECT arrayJoin(argMin(e.kinds, (e.received, e.seq, e.idx))) AS goal, e.transaction_id AS transaction_id
        FROM events AS e
        WHERE e.name = 'purchase' AND e.transaction_id != '' AND NOT e.bot AND e.visitor_id != ''
        GROUP BY e.transaction_id
    )
SELECT
    u.campaign AS campaign, u.phase AS phase, u.visitor_id AS visitor_id, any(u.variant) AS variant,
    any(u.crossover) AS crossover, any(u.carried_over) AS carried_over, any(u.entered) AS entered, u.goal AS goal,
    u.main_goal AS main_goal, u.window_ms AS window_ms,
    toBool(countIf(f.name = u.named AND (u.some_of = '' OR has(f.kinds, u.goal)) AND f.time >= u.entered AND f.time < u.entered + toIntervalMillisecond(u.window_ms) AND (f.campaign = '' OR f.campaign = u.campaign AND f.phase IN ('', u.phase))) > 0) AS converted,
    sumIf(
        multiIf(f.name = u.named, u.some_of = '' OR has(f.kinds, u.goal),
                u.some_of = '' OR (u.goal, f.transaction_id) IN (SELECT goal, transaction_id FROM orders), -1, 0)
            * if(f.name = u.named, ifNull(if(u.property = 'value', f.value, toFloat64OrNull(f.properties[u.property])), 0),
                abs(ifNull(if(u.property = 'value', f.value, toFloat64OrNull(f.properties[u.property])), 0))),
        f.time >= u.entered AND f.time < u.entered + toIntervalMillisecond(u.window_ms) AND (f.campaign = '' OR f.campaign = u.campaign AND f.phase IN ('', u.phase))) AS value
FROM (
    SELECT units.campaign AS campaign, units.phase AS phase, units.visitor_id AS visitor_id, units.variant AS variant,
        units.crossover AS crossover, units.carried_over AS carried_over, units.entered AS entered,
        aims.goal AS goal, aims.main_goal AS main_goal, aims.window_ms AS window_ms, aims.property AS property,
        aims.some_of AS some_of, aims.named AS named
    FROM units LEFT JOIN aims ON units.campaign = aims.campaign AND units.phase = aims.phase
    WHERE NOT units.of_staff
) AS u
INNER JOIN owners AS o ON o.campaign = u.campaign AND o.phase = u.phase AND o.unit = u.visitor_id
LEFT JOIN facts AS f ON f.visitor_id = o.whose AND f.named = u.named
GROUP BY u.campaign, u.phase, u.visitor_id, u.goal, u.main_goal, u.window_ms, u.property, u.some_of, u.named
COMMENT 'one row an exposed visitor, phase and goal of the campaign';

CREATE OR REPLACE VIEW results_daily (
    campaign     String    COMMENT 'our campaign',
    phase        String    COMMENT 'its phase',
    goal         String    COMMENT 'the main goal: the event hoped for',
    window_ms    Int64     COMMENT 'how long after first exposure it counts',
    day          Date      COMMENT 'day of first exposure, UTC',
    variant      String    COMMENT 'one arm',
    exposed      UInt64    COMMENT 'visitors who entered the arm that day, those who saw two variants or an earlier phase left out',
    converted    UInt64    COMMENT 'how many of them reached the goal, on whatever day',
    rate         Float64   COMMENT 'converted / exposed',
    value_sum    Float64   COMMENT 'sum of value over all of them',
    value_sum_squares Float64 COMMENT 'sum of its squares, for the variance',
    value_per_visitor Float64 COMMENT 'value_sum / exposed'
) AS SELECT
    v.campaign AS campaign, v.phase AS phase, v.goal AS goal, v.window_ms AS window_ms, toDate(v.entered) AS day, v.variant AS variant,
    count() AS exposed, countIf(v.converted) AS converted, countIf(v.converted) / count() AS rate,
    sum(v.value) AS value_sum, sum(v.value * v.value) AS value_sum_squares, sum(v.value) / count() AS value_per_visitor
FROM conversions AS v
WHERE NOT v.crossover AND NOT v.carried_over AND (v.main_goal OR v.goal = '')
GROUP BY v.campaign, v.phase, v.goal, v.window_ms, day, v.variant
COMMENT 'one row a campaign, phase, day of entering and variant, for the main goal: the days of a phase add up to results_by_variant';

CREATE OR REPLACE VIEW visitors (
    visitor_id   String                 COMMENT 'first-party id of a browser',
    user_id      String                 COMMENT 'the person, as last known; empty if never told',
    unit         String                 COMMENT 'what is bucketed: the visitor itself, or the unit it adopted from its person',
    first_seen   DateTime64(3, 'UTC')   COMMENT 'time of the first event that it sent',
    last_seen    DateTime64(3, 'UTC')   COMMENT 'time of the last event that it sent',
    sessions     UInt64                 COMMENT 'sessions',
    pageviews    UInt64                 COMMENT 'page_view events',
    purchases    UInt64                 COMMENT 'orders: purchase events, one a transaction_id',
    revenue      Float64                COMMENT 'sum of their values, refunds taken off; of one order told twice, the greater value',
    campaigns    UInt64                 COMMENT 'campaigns it was exposed to, control included',
    channel      String                 COMMENT 'what brought its first session',
    landing_path String                 COMMENT 'path of its first page',
    device_type  String                 COMMENT 'mobile, tablet or desktop, as last known',
    country      String                 COMMENT 'ISO 3166 code, as last known',
    bot          Bool                   COMMENT 'a crawler or monitor'
) AS
WITH ['omo_decision', 'omo_absent', 'omo_reminder', 'omo_coupon', 'omo_merge', 'omo_rebuild'] AS theirs -- the server's own doing
SELECT
    e.visitor_id AS visitor_id,
    argMaxIf(e.user_id, (e.time, e.seq, e.idx), e.user_id != '') AS user_id,
    if(argMaxIf(e.unit, (e.received, e.seq, e.idx), e.unit != '') AS taken = '', e.visitor_id, taken) AS unit,
    minIf(e.time, e.name NOT IN theirs) AS first_seen, maxIf(e.time, e.name NOT IN theirs) AS last_seen,
    uniqExactIf(e.session_id, e.session_id != '') AS sessions, countIf(e.name = 'page_view') AS pageviews,
    uniqExactIf(if(e.transaction_id = '', toString(e.event_id), e.transaction_id), e.name = 'purchase') AS purchases,
    arraySum(mapValues(maxMapIf(
        map(if(e.transaction_id = '', toString(e.event_id), e.transaction_id), ifNull(e.value, 0)), e.name = 'purchase')))
        - sumIf(abs(ifNull(e.value, 0)), e.name = 'refund') AS revenue,
    uniqExactIf(e.campaign, e.name = 'omo_exposure') AS campaigns,
    argMinIf(e.channel, (e.time, e.seq, e.idx), e.channel != '') AS channel,
    argMinIf(e.path, (e.time, e.seq, e.idx), e.path != '') AS landing_path,
    argMaxIf(e.device_type, (e.time, e.seq, e.idx), e.device_type != '') AS device_type,
    argMaxIf(e.country, (e.time, e.seq, e.idx), e.country != '') AS country,
    max(e.bot) AS bot
FROM event_log AS e FINAL
WHERE e.visitor_id != ''
GROUP BY e.visitor_id
COMMENT 'one row a visitor';

-- In the form in which GrowthBook and Eppo read who was in which experiment: one
-- row an exposure, not only the first, so that they find crossovers themselves.
-- What they cannot know is left out here already: crawlers, staff, previews, and
-- whoever carries an earlier phase over. A phase is an experiment of its own, since phases
-- are never pooled.
CREATE OR REPLACE VIEW assignments (
    anonymous_id    String                 COMMENT 'GrowthBook''s identifier, Eppo''s experiment subject: the visitor, the unit of results',
    user_id         Nullable(String)       COMMENT 'the person, where the visitor is identified; null else. Not the unit of results',
    timestamp       DateTime64(3, 'UTC')   COMMENT 'when it was exposed',
    experiment_id   String                 COMMENT 'campaign:phase',
    variation_id    LowCardinality(String) COMMENT 'the variant; of control, the one that shows nothing',
    experiment_name String                 COMMENT 'the campaign''s name, as last told; its id if it was never told',
    variation_name  LowCardinality(String) COMMENT 'the variant again: variants have no other name',
    campaign        LowCardinality(String) COMMENT 'our campaign',
    phase           LowCardinality(String) COMMENT 'a stretch of equal variants and weights',
    device_type     LowCardinality(String) COMMENT 'dimension: mobile, tablet or desktop',
    channel         LowCardinality(String) COMMENT 'dimension: what brought the session',
    country         LowCardinality(String) COMMENT 'dimension: ISO 3166 code, where known',
    rank            LowCardinality(String) COMMENT 'dimension: the visitor''s trait rank then',
    new_visitor     Bool                   COMMENT 'dimension: in the visitor''s first session'
) AS SELECT
    x.visitor_id AS anonymous_id, nullIf(x.user_id, '') AS user_id, x.time AS timestamp,
    concat(x.campaign, ':', x.phase) AS experiment_id, x.variant AS variation_id,
    if(n.told = '', x.campaign, n.told) AS experiment_name, x.variant AS variation_name,
    x.campaign AS campaign, x.phase AS phase, x.device_type AS device_type,
    x.channel AS channel, x.country AS country, x.rank AS rank, x.new_visitor AS new_visitor
FROM (
    SELECT e.*, b.began AS began, min(b.began) OVER (PARTITION BY e.campaign, e.visitor_id) AS earliest,
        max(e.staff) OVER (PARTITION BY e.campaign, e.visitor_id) AS of_staff
    FROM exposures AS e
    INNER JOIN (
        SELECT campaign, phase, min(at) AS began
        FROM (
            SELECT toString(campaign) AS campaign, toString(phase) AS phase, received AS at FROM exposures
            UNION ALL
            SELECT campaign, phase, began FROM campaigns
        )
        GROUP BY campaign, phase
    ) AS b ON b.campaign = e.campaign AND b.phase = e.phase
    WHERE NOT e.bot AND NOT e.forced AND e.visitor_id != '' AND e.variant != ''
) AS x
LEFT JOIN (SELECT campaign, argMax(name, began) AS told FROM campaigns GROUP BY campaign) AS n ON n.campaign = x.campaign
WHERE x.began = x.earliest AND NOT x.of_staff
COMMENT 'one row an exposure, in the form of an assignment table of GrowthBook and Eppo';

-- Every draw of a bucket, made again from nothing but texts: murmur3 of
-- om1|purpose|salt|unit, its first 64 bits times 10,000, the high word of that.
-- What is not by hash is not judged, and says why in left_out.
CREATE OR REPLACE VIEW bucketing (
    decision_id String                 COMMENT 'of one call of decide',
    campaign    LowCardinality(String) COMMENT 'a campaign whose rule matched in it',
    phase       String                 COMMENT 'its phase then',
    period      UInt32                 COMMENT 'of a bandit: the stretch of equal weights in the phase, from 0 on',
    time        DateTime64(3, 'UTC')   COMMENT 'when it was decided',
    visitor_id  String                 COMMENT 'first-party id of a browser',
    unit        String                 COMMENT 'what was bucketed: the visitor, or the unit it had adopted by then',
    reason      LowCardinality(String) COMMENT 'what became of it: a reason code, or armed, offered, control, shadow, forced',
    variant     LowCardinality(String) COMMENT 'the variant that was logged; empty where none was drawn',
    by_hash     String                 COMMENT 'what the buckets say: holdout, layer, traffic, or else the variant; empty where nobody recorded what they are drawn with',
    left_out    String                 COMMENT 'why it is not judged: gate (stopped before any draw, or a preview), rules (a record of before draws were told), layer (it went by what the visitor had met), bandit (whoever was exposed keeps its variant when weights move), unit (adopted from somebody who is erased); empty where it is judged',
    agrees      Nullable(Bool)         COMMENT 'whether the log says what the buckets say; null where it is not judged'
) AS
WITH
    told AS (
        SELECT
            e.rules AS rules, c.id AS campaign, c.phase AS phase, any(JSONExtractInt(e.raw, 'properties', 'holdout')) AS held, any(c.salt) AS salt,
            any(c.traffic) AS traffic, any(c.layer) AS layer, any(c.layer_low) AS low, any(c.layer_high) AS high,
            any(arrayMap(a -> a.1, c.arms)) AS variants, any(arrayMap(a -> a.2, c.arms)) AS weights
        FROM event_log AS e
        ARRAY JOIN JSONExtract(e.raw, 'properties', 'campaigns',
            'Array(Tuple(id String, phase String, salt String, traffic Int64, layer String, layer_low Int64, layer_high Int64,
                arms Array(Tuple(variant String, weight UInt64))))') AS c
        WHERE e.name = 'omo_rules' AND JSONHas(e.raw, 'properties', 'holdout')
        GROUP BY e.rules, c.id, c.phase
    ),
    -- What a bandit's variants got of 10,000, by period.
    moved AS (
        SELECT e.campaign AS campaign, e.phase AS phase, any(JSONExtract(e.raw, 'properties', 'arms', 'Array(Tuple(variant String, weight UInt64))').2) AS parts
        FROM event_log AS e
        WHERE e.name = 'omo_override' AND position(e.phase, '/') > 0
        GROUP BY e.campaign, e.phase
    ),
    adopted AS (
        SELECT visitor_id, arraySort(groupUniqArray((ledger, seq, idx, unit))) AS units
        FROM event_log
        WHERE unit != '' AND visitor_id != ''
        GROUP BY visitor_id
    ),
    -- Whoever was offered a campaign of a layer keeps to it, and to its variant of a
    -- bandit, in all browsers of a person: since when each visitor was.
    met AS (
        SELECT campaign, visitor_id, min((received, seq, idx)) AS since
        FROM (
            SELECT c AS campaign, visitor_id, received, seq, idx
            FROM event_log ARRAY JOIN `outcome.campaign` AS c, `outcome.reason` AS r
            WHERE name = 'omo_decision' AND r IN ('offered', 'control')
            UNION ALL
            SELECT campaign, visitor_id, received, seq, idx FROM event_log WHERE name = 'omo_exposure' AND phase != 'invited'
        )
        GROUP BY campaign, visitor_id
    ),
    drawn AS (
        SELECT
            d.decision_id AS decision_id, d.c AS campaign, d.p AS phase, d.time AS time, d.visitor_id AS visitor_id,
            d.r AS reason, d.v AS variant, d.received AS received, d.seq AS seq, d.idx AS idx,
            arrayLast(a -> a.1 = d.ledger AND (a.2, a.3) <= (d.seq, d.idx), o.units).4 AS taken,
            if(taken = '', d.visitor_id, taken) AS unit,
            t.held AS held, t.salt AS salt, t.traffic AS traffic, t.layer AS layer, t.low AS low, t.high AS high,
            t.variants AS variants, if(empty(b.parts), t.weights, b.parts) AS weights, t.rules != '' AS known,
            toUInt32OrZero(splitByChar('/', toString(d.told_phase))[2]) AS period
        FROM (
            SELECT decision_id, ledger, seq, idx, received, time, visitor_id, rules, c, r, v, told_phase, splitByChar('/', toString(told_phase))[1] AS p
            FROM event_log FINAL
            ARRAY JOIN `outcome.campaign` AS c, `outcome.reason` AS r, `outcome.variant` AS v, `outcome.phase` AS told_phase
            WHERE name = 'omo_decision' AND visitor_id != ''
        ) AS d
        LEFT JOIN told AS t ON t.rules = d.rules AND t.campaign = d.c AND t.phase = d.p
        LEFT JOIN moved AS b ON b.campaign = d.c AND b.phase = d.told_phase
        LEFT JOIN adopted AS o ON o.visitor_id = d.visitor_id
    ),
    again AS (
        SELECT
            *,
            bitShiftRight(toUInt128(reinterpretAsUInt64(substring(murmurHash3_128('om1|holdout||' || unit), 1, 8))) * 10000, 64) < held AS is_held,
            bitShiftRight(toUInt128(reinterpretAsUInt64(substring(murmurHash3_128('om1|layer|' || layer || '|' || unit), 1, 8))) * 10000, 64) AS in_layer,
            layer != '' AND (in_layer < low OR in_layer >= high) AS is_out,
            bitShiftRight(toUInt128(reinterpretAsUInt64(substring(murmurHash3_128('om1|traffic|' || salt || '|' || unit), 1, 8))) * 10000, 64) >= traffic AS is_kept,
            bitShiftRight(toUInt128(reinterpretAsUInt64(substring(murmurHash3_128('om1|variant|' || salt || '|' || unit), 1, 8))) * 10000, 64) AS in_variant,
            variants[arrayFirstIndex(top -> in_variant < intDiv(10000 * top, arraySum(weights)), arrayCumSum(weights))] AS its,
            reason IN ('frequency', 'stopped', 'budget', 'layer', 'traffic', 'coupon_out', 'slot_taken', 'armed', 'offered', 'control', 'shadow') AS passed_holdout,
            reason IN ('traffic', 'coupon_out', 'slot_taken', 'armed', 'offered', 'control', 'shadow') AS passed_layer,
            reason IN ('coupon_out', 'slot_taken', 'armed', 'offered', 'control', 'shadow') AS passed_traffic,
            reason IN ('offered', 'control', 'shadow') AS assigned
        FROM drawn
    )
SELECT
    a.decision_id AS decision_id, a.campaign AS campaign, a.phase AS phase, a.period AS period, a.time AS time, a.visitor_id AS visitor_id, a.unit AS unit,
    a.reason AS reason, a.variant AS variant,
    multiIf(NOT a.known, '', a.is_held, 'holdout', a.is_out, 'layer', a.is_kept, 'traffic', a.its) AS by_hash,
    multiIf(
        a.reason != 'holdout' AND NOT a.passed_holdout, 'gate',
        NOT a.known, 'rules',
        a.taken != '' AND a.taken NOT IN (SELECT visitor_id FROM event_log WHERE visitor_id IN (SELECT unit FROM event_log WHERE unit != '')), 'unit',
        a.reason = 'layer' AND NOT a.is_out, 'layer',
        a.passed_layer AND a.is_out AND
            ((m.visitor_id != '' AND m.since < (a.received, a.seq, a.idx)
                OR a.visitor_id IN (SELECT visitor_id FROM event_log WHERE name = 'omo_merge')) AS bound), 'layer',
        a.assigned AND a.period > 0 AND bound, 'bandit',
        '') AS left_out,
    multiIf(
        left_out != '', NULL,
        a.reason = 'holdout', a.is_held,
        a.is_held, false,
        a.reason = 'layer', a.is_out,
        a.passed_layer AND a.is_out, false,
        a.reason = 'traffic', a.is_kept,
        a.passed_traffic AND a.is_kept, false,
        a.assigned, a.variant = a.its,
        true)::Nullable(Bool) AS agrees
FROM again AS a
LEFT JOIN met AS m ON m.campaign = a.campaign AND m.visitor_id = a.visitor_id
COMMENT 'one row a decision and campaign whose rule matched, with its buckets drawn again: count them by left_out and agrees';
