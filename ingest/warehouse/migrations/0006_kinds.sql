-- What each event is besides its name: the derived events of the rules that were
-- live when it came, as the engine judged it. Rows of before have none. A goal
-- that is a derived event counts what is stamped so, and needs no rule here.
ALTER TABLE event_log ADD COLUMN IF NOT EXISTS kinds Array(LowCardinality(String))
    COMMENT 'derived events that it is, and conditions of goals and reminders that it meets (name{…}), as the rules live at its receipt said; none of an order told again' AFTER name;

CREATE OR REPLACE VIEW events (
    event_id         UUID                        COMMENT 'made once by the client and kept over retries',
    visitor_id       String                      COMMENT 'first-party id of a browser',
    user_id          String                      COMMENT 'the person, where the visitor is identified',
    name             LowCardinality(String)      COMMENT 'GA4 name, custom name or omo_ name of the event',
    time             DateTime64(3, 'UTC')        COMMENT 'when it happened: the client''s clock, corrected and clamped',
    received         DateTime64(3, 'UTC')        COMMENT 'when the server got it; partitions are its months',
    seq              UInt64                      COMMENT 'place of the visit in its ledger: the order of folding',
    idx              UInt16                      COMMENT 'place of the event in its visit',
    ledger           LowCardinality(String)      COMMENT 'which ledger seq counts in',
    session_id       String                      COMMENT 'the session, as the fold saw it',
    new_visitor      Bool                        COMMENT 'in the visitor''s first session',
    bot              Bool                        COMMENT 'a crawler or monitor: never in results',
    consent          LowCardinality(String)      COMMENT 'granted, denied or unknown',
    url              String                      COMMENT 'address of the page',
    path             String                      COMMENT 'path of the page',
    referrer_host    LowCardinality(String)      COMMENT 'host that led to the session',
    channel          LowCardinality(String)      COMMENT 'direct, search, social, email, paid, referral or ai',
    source           LowCardinality(String)      COMMENT 'utm_source or what stands for it',
    medium           LowCardinality(String)      COMMENT 'utm_medium',
    utm_campaign     LowCardinality(String)      COMMENT 'utm_campaign: the advertisement, not our campaign',
    device_type      LowCardinality(String)      COMMENT 'mobile, tablet or desktop',
    os               LowCardinality(String)      COMMENT 'operating system',
    browser          LowCardinality(String)      COMMENT 'browser',
    language         LowCardinality(String)      COMMENT 'language of the browser',
    country          LowCardinality(String)      COMMENT 'ISO 3166 code, where known',
    value            Nullable(Float64)           COMMENT 'the property value, where it is a number',
    currency         LowCardinality(String)      COMMENT 'ISO 4217 code of value',
    transaction_id   String                      COMMENT 'of purchase and refund: one order',
    campaign         LowCardinality(String)      COMMENT 'of omo_ events: our campaign',
    variant          LowCardinality(String)      COMMENT 'of omo_ events: its variant',
    phase            LowCardinality(String)      COMMENT 'of omo_ events: a stretch of equal variants and weights',
    decision_id      String                      COMMENT 'of omo_ events: the decision that led to it',
    rules            LowCardinality(String)      COMMENT 'of omo_decision and omo_rules: hash of the rule set',
    trigger          LowCardinality(String)      COMMENT 'of omo_decision: what asked; empty for the page view itself',
    `outcome.campaign` Array(LowCardinality(String)) COMMENT 'of omo_decision: campaigns whose rule matched',
    `outcome.reason` Array(LowCardinality(String))   COMMENT 'of omo_decision: what became of each',
    `outcome.variant` Array(LowCardinality(String))  COMMENT 'of omo_decision: the variant of each, where one was drawn',
    `outcome.phase`  Array(LowCardinality(String))   COMMENT 'of omo_decision: the phase of each',
    properties       Map(LowCardinality(String), String) COMMENT 'other scalar properties: at most 32, each at most 256 bytes',
    raw              String                      COMMENT 'the whole event as canonical JSON',
    kinds            Array(LowCardinality(String)) COMMENT 'derived events that it is, and conditions of goals and reminders that it meets (name{…}), as the rules live at its receipt said; none of an order told again'
) AS SELECT
    event_id, visitor_id, user_id, name, time, received, seq, idx, ledger, session_id, new_visitor, bot, consent,
    url, path, referrer_host, channel, source, medium, utm_campaign, device_type, os, browser, language, country,
    value, currency, transaction_id, campaign, variant, phase, decision_id, rules, trigger,
    outcome.campaign, outcome.reason, outcome.variant, outcome.phase, properties, raw, kinds
FROM event_log FINAL
COMMENT 'one row an event: resent copies are gone, the first one received stays';

CREATE OR REPLACE VIEW campaigns (
    campaign String                 COMMENT 'id of the campaign',
    phase    String                 COMMENT 'a stretch of equal variants and weights, never pooled with another',
    name     String                 COMMENT 'its name, as last told',
    status   String                 COMMENT 'shadow, live, paused or ended, as last told',
    current  Bool                   COMMENT 'the phase of the newest rule set that has the campaign',
    began    DateTime64(3, 'UTC')   COMMENT 'when the phase first went live',
    rules    String                 COMMENT 'hash of the last rule set with this phase',
    arms     Array(Tuple(variant String, weight UInt64, control Bool)) COMMENT 'variants in the order of the file',
    goals    Array(Tuple(event String, window_ms Int64, value String)) COMMENT 'as last told; the first is the main one',
    derived  Map(String, String)    COMMENT 'derived events of that rule set, each with the event that it is some of'
) AS SELECT
    id AS campaign, p AS phase, told.1 AS name, told.2 AS status,
    toBool(last = max(last) OVER (PARTITION BY id)) AS current, first AS began, told.3 AS rules, told.4 AS arms,
    told.5 AS goals, told.6 AS derived
FROM (
    SELECT c.id AS id, c.phase AS p, min(e.received) AS first, max((e.received, e.seq, e.idx)) AS last,
        argMax((c.name, c.status, e.rules, c.arms, c.goals, JSONExtract(e.raw, 'properties', 'derived', 'Map(String, String)')),
            (e.received, e.seq, e.idx)) AS told
    FROM (SELECT * FROM events WHERE name = 'omo_rules') AS e
    ARRAY JOIN JSONExtract(e.raw, 'properties', 'campaigns',
        'Array(Tuple(id String, phase String, status String, name String,
            arms Array(Tuple(variant String, weight UInt64, control Bool)),
            goals Array(Tuple(event String, window_ms Int64, value String))))') AS c
    GROUP BY c.id, c.phase
)
COMMENT 'one row a campaign and phase';

-- Of a goal that is a derived event: its purchases are told once among all
-- purchases, and refunds are those of its own orders.
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
            if(g.value = '', 'value', g.value) AS property, toBool(i = 1) AS main_goal,
            c.derived[g.event] AS some_of, if(some_of = '', g.event, some_of) AS named
        FROM campaigns AS c
        LEFT ARRAY JOIN c.goals AS g, arrayEnumerate(c.goals) AS i
    ),
    facts AS (
        SELECT visitor_id, time, name, if(name = 'refund', 'purchase', name) AS named, value, properties, kinds, transaction_id
        FROM (
            SELECT e.visitor_id AS visitor_id, e.time AS time, e.name AS name, e.value AS value, e.properties AS properties,
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
    toBool(countIf(f.name = u.named AND (u.some_of = '' OR has(f.kinds, u.goal)) AND f.time >= u.entered AND f.time < u.entered + toIntervalMillisecond(u.window_ms)) > 0) AS converted,
    sumIf(
        multiIf(f.name = u.named, u.some_of = '' OR has(f.kinds, u.goal),
                u.some_of = '' OR (u.goal, f.transaction_id) IN (SELECT goal, transaction_id FROM orders), -1, 0)
            * ifNull(if(u.property = 'value', f.value, toFloat64OrNull(f.properties[u.property])), 0),
        f.time >= u.entered AND f.time < u.entered + toIntervalMillisecond(u.window_ms)) AS value
FROM (
    SELECT units.campaign AS campaign, units.phase AS phase, units.visitor_id AS visitor_id, units.variant AS variant,
        units.crossover AS crossover, units.carried_over AS carried_over, units.entered AS entered,
        aims.goal AS goal, aims.main_goal AS main_goal, aims.window_ms AS window_ms, aims.property AS property,
        aims.some_of AS some_of, aims.named AS named
    FROM units LEFT JOIN aims ON units.campaign = aims.campaign AND units.phase = aims.phase
) AS u
LEFT JOIN facts AS f ON f.visitor_id = u.visitor_id AND f.named = u.named
GROUP BY u.campaign, u.phase, u.visitor_id, u.goal, u.main_goal, u.window_ms, u.property, u.some_of, u.named
COMMENT 'one row an exposed visitor, phase and goal of the campaign';
