-- What analysts read. Names and columns are kept stable; every number a screen
-- shows can be had from these. Each view says in its comment what one row is.

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
    raw              String                      COMMENT 'the whole event as canonical JSON'
) AS SELECT
    event_id, visitor_id, user_id, name, time, received, seq, idx, ledger, session_id, new_visitor, bot, consent,
    url, path, referrer_host, channel, source, medium, utm_campaign, device_type, os, browser, language, country,
    value, currency, transaction_id, campaign, variant, phase, decision_id, rules, trigger,
    outcome.campaign, outcome.reason, outcome.variant, outcome.phase, properties, raw
FROM event_log FINAL
COMMENT 'one row an event: resent copies are gone, the first one received stays';

CREATE OR REPLACE VIEW sessions (
    session_id    String                 COMMENT 'events of a visitor without a long gap',
    visitor_id    String                 COMMENT 'first-party id of a browser',
    user_id       String                 COMMENT 'the person, as last known in the session',
    started       DateTime64(3, 'UTC')   COMMENT 'time of its first event',
    ended         DateTime64(3, 'UTC')   COMMENT 'time of its last event',
    seconds       Float64                COMMENT 'from first to last event',
    pageviews     UInt64                 COMMENT 'page_view events',
    events        UInt64                 COMMENT 'all events but the engine''s own',
    new_visitor   Bool                   COMMENT 'the visitor''s first session',
    bot           Bool                   COMMENT 'a crawler or monitor',
    landing_path  String                 COMMENT 'path of the first page',
    referrer_host String                 COMMENT 'host that led here',
    channel       String                 COMMENT 'direct, search, social, email, paid, referral or ai',
    source        String                 COMMENT 'utm_source or what stands for it',
    medium        String                 COMMENT 'utm_medium',
    utm_campaign  String                 COMMENT 'utm_campaign',
    device_type   String                 COMMENT 'mobile, tablet or desktop',
    country       String                 COMMENT 'ISO 3166 code, where known',
    purchases     UInt64                 COMMENT 'orders: purchase events, one a transaction_id',
    revenue       Float64                COMMENT 'sum of their values; of one order told twice, the greater value'
) AS SELECT
    session_id, visitor_id,
    argMaxIf(e.user_id, (e.time, e.seq, e.idx), e.user_id != '') AS user_id,
    min(e.time) AS started, max(e.time) AS ended,
    dateDiff('millisecond', min(e.time), max(e.time)) / 1000 AS seconds,
    countIf(e.name = 'page_view') AS pageviews, countIf(NOT startsWith(e.name, 'omo_')) AS events,
    max(e.new_visitor) AS new_visitor, max(e.bot) AS bot,
    argMinIf(e.path, (e.time, e.seq, e.idx), e.path != '') AS landing_path,
    argMinIf(e.referrer_host, (e.time, e.seq, e.idx), e.referrer_host != '') AS referrer_host,
    argMinIf(e.channel, (e.time, e.seq, e.idx), e.channel != '') AS channel,
    argMinIf(e.source, (e.time, e.seq, e.idx), e.source != '') AS source,
    argMinIf(e.medium, (e.time, e.seq, e.idx), e.medium != '') AS medium,
    argMinIf(e.utm_campaign, (e.time, e.seq, e.idx), e.utm_campaign != '') AS utm_campaign,
    argMinIf(e.device_type, (e.time, e.seq, e.idx), e.device_type != '') AS device_type,
    argMinIf(e.country, (e.time, e.seq, e.idx), e.country != '') AS country,
    uniqExactIf(if(e.transaction_id = '', toString(e.event_id), e.transaction_id), e.name = 'purchase') AS purchases,
    arraySum(mapValues(maxMapIf(
        map(if(e.transaction_id = '', toString(e.event_id), e.transaction_id), ifNull(e.value, 0)), e.name = 'purchase'))) AS revenue
FROM events AS e
WHERE e.session_id != ''
GROUP BY e.session_id, e.visitor_id
COMMENT 'one row a session';

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
    bot         Bool                   COMMENT 'for a crawler or monitor'
) AS SELECT
    e.decision_id AS decision_id, c AS campaign, r AS reason, v AS variant, p AS phase, e.visitor_id AS visitor_id,
    e.session_id AS session_id, e.time AS time, e.received AS received, e.rules AS rules, e.trigger AS trigger,
    e.path AS path, e.bot AS bot
FROM events AS e
ARRAY JOIN e.`outcome.campaign` AS c, e.`outcome.reason` AS r, e.`outcome.variant` AS v, e.`outcome.phase` AS p
WHERE e.name = 'omo_decision'
COMMENT 'one row a decision and campaign whose rule matched';

CREATE OR REPLACE VIEW exposures (
    campaign    LowCardinality(String) COMMENT 'our campaign',
    phase       LowCardinality(String) COMMENT 'its phase: a stretch of equal variants and weights',
    variant     LowCardinality(String) COMMENT 'the variant seen; of control, the one that would have been',
    visitor_id  String                 COMMENT 'first-party id of a browser: the unit of results',
    user_id     String                 COMMENT 'the person, where the visitor is identified',
    time        DateTime64(3, 'UTC')   COMMENT 'when it was seen',
    received    DateTime64(3, 'UTC')   COMMENT 'when the server got to know',
    decision_id String                 COMMENT 'the decision behind it; empty for an imported one',
    session_id  String                 COMMENT 'the session it was in',
    path        String                 COMMENT 'path of the page',
    device_type LowCardinality(String) COMMENT 'mobile, tablet or desktop',
    channel     LowCardinality(String) COMMENT 'what brought the session',
    country     LowCardinality(String) COMMENT 'ISO 3166 code, where known',
    new_visitor Bool                   COMMENT 'in the visitor''s first session',
    bot         Bool                   COMMENT 'a crawler or monitor: never in results',
    forced      Bool                   COMMENT 'a preview or test asked for the variant: never in results'
) AS SELECT
    e.campaign AS campaign, e.phase AS phase, e.variant AS variant, e.visitor_id AS visitor_id,
    e.user_id AS user_id, e.time AS time, e.received AS received, e.decision_id AS decision_id,
    e.session_id AS session_id, e.path AS path, e.device_type AS device_type, e.channel AS channel,
    e.country AS country, e.new_visitor AS new_visitor, e.bot AS bot,
    toBool(e.decision_id != '' AND (e.decision_id, e.campaign) IN (
        -- From the table, where the index on reasons skips nearly all; a resent copy does no harm here.
        SELECT d.decision_id, c
        FROM event_log AS d ARRAY JOIN d.`outcome.campaign` AS c, d.`outcome.reason` AS r
        WHERE d.name = 'omo_decision' AND has(d.`outcome.reason`, 'forced') AND r = 'forced')) AS forced
FROM events AS e
WHERE e.name = 'omo_exposure'
COMMENT 'one row an exposure: a visitor was shown a variant, or control came to that moment';

CREATE OR REPLACE VIEW rule_sets (
    rules    LowCardinality(String) COMMENT 'hash of the rule set',
    began    DateTime64(3, 'UTC')   COMMENT 'when it first went live',
    last     DateTime64(3, 'UTC')   COMMENT 'when it last went live, a restart included',
    source   Map(String, String)    COMMENT 'file name to text: the whole folder'
) AS SELECT
    e.rules AS rules, min(e.received) AS began, max(e.received) AS last,
    JSONExtract(any(e.raw), 'properties', 'source', 'Map(String, String)') AS source
FROM events AS e
WHERE e.name = 'omo_rules'
GROUP BY e.rules
COMMENT 'one row a rule set that was ever live';

CREATE OR REPLACE VIEW campaigns (
    campaign String                 COMMENT 'id of the campaign',
    phase    String                 COMMENT 'a stretch of equal variants and weights, never pooled with another',
    name     String                 COMMENT 'its name, as last told',
    status   String                 COMMENT 'shadow, live, paused or ended, as last told',
    current  Bool                   COMMENT 'the phase of the newest rule set that has the campaign',
    began    DateTime64(3, 'UTC')   COMMENT 'when the phase first went live',
    rules    String                 COMMENT 'hash of the last rule set with this phase',
    arms     Array(Tuple(variant String, weight UInt64, control Bool)) COMMENT 'variants in the order of the file',
    goals    Array(Tuple(event String, window_ms Int64, value String)) COMMENT 'as last told; the first is the main one'
) AS SELECT
    id AS campaign, p AS phase, told.1 AS name, told.2 AS status,
    toBool(last = max(last) OVER (PARTITION BY id)) AS current, first AS began, told.3 AS rules, told.4 AS arms,
    told.5 AS goals
FROM (
    SELECT c.id AS id, c.phase AS p, min(e.received) AS first, max((e.received, e.seq, e.idx)) AS last,
        argMax((c.name, c.status, e.rules, c.arms, c.goals), (e.received, e.seq, e.idx)) AS told
    FROM (SELECT * FROM events WHERE name = 'omo_rules') AS e
    ARRAY JOIN JSONExtract(e.raw, 'properties', 'campaigns',
        'Array(Tuple(id String, phase String, status String, name String,
            arms Array(Tuple(variant String, weight UInt64, control Bool)),
            goals Array(Tuple(event String, window_ms Int64, value String))))') AS c
    GROUP BY c.id, c.phase
)
COMMENT 'one row a campaign and phase';
