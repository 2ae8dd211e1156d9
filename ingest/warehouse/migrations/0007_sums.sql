-- What results need beside the event itself. Of an exposure: who it met, as it
-- was then. Of an arm: what its reward costs. Of a bandit: periods of a phase, told
-- as phase/period. Records of before have none of it.
ALTER TABLE event_log
    ADD COLUMN IF NOT EXISTS staff Bool COMMENT 'of an exposure: the visitor was one of the staff by the rule of site.yaml: never in results' AFTER bot,
    ADD COLUMN IF NOT EXISTS rank LowCardinality(String) COMMENT 'of an exposure: the visitor''s trait rank then' AFTER country;

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
    kinds            Array(LowCardinality(String)) COMMENT 'derived events that it is, and conditions of goals and reminders that it meets (name{…}), as the rules live at its receipt said; none of an order told again',
    staff            Bool                        COMMENT 'of an exposure: the visitor was one of the staff by the rule of site.yaml: never in results',
    rank             LowCardinality(String)      COMMENT 'of an exposure: the visitor''s trait rank then'
) AS SELECT
    event_id, visitor_id, user_id, name, time, received, seq, idx, ledger, session_id, new_visitor, bot, consent,
    url, path, referrer_host, channel, source, medium, utm_campaign, device_type, os, browser, language, country,
    value, currency, transaction_id, campaign, variant, phase, decision_id, rules, trigger,
    outcome.campaign, outcome.reason, outcome.variant, outcome.phase, properties, raw, kinds, staff, rank
FROM event_log FINAL
COMMENT 'one row an event: resent copies are gone, the first one received stays';

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
    forced      Bool                   COMMENT 'a preview or test asked for the variant, or one of the shop invited the visitor: never in results',
    staff       Bool                   COMMENT 'the visitor was one of the staff: never in results',
    rank        LowCardinality(String) COMMENT 'its trait rank then',
    period      UInt32                 COMMENT 'of a bandit: the stretch of equal weights in the phase, from 0 on',
    seq         UInt64                 COMMENT 'place of the visit in its ledger: the order of folding',
    idx         UInt16                 COMMENT 'place of the event in its visit'
) AS SELECT
    e.campaign AS campaign, toLowCardinality(splitByChar('/', e.phase)[1]) AS phase, e.variant AS variant, e.visitor_id AS visitor_id,
    e.user_id AS user_id, e.time AS time, e.received AS received, e.decision_id AS decision_id,
    e.session_id AS session_id, e.path AS path, e.device_type AS device_type, e.channel AS channel,
    e.country AS country, e.new_visitor AS new_visitor, e.bot AS bot,
    toBool(e.phase = 'invited' OR e.decision_id != '' AND (e.decision_id, e.campaign) IN (
        -- From the table, where the index on reasons skips nearly all; a resent copy does no harm here.
        SELECT d.decision_id, c
        FROM event_log AS d ARRAY JOIN d.`outcome.campaign` AS c, d.`outcome.reason` AS r
        WHERE d.name = 'omo_decision' AND has(d.`outcome.reason`, 'forced') AND r = 'forced')) AS forced,
    e.staff AS staff, e.rank AS rank, toUInt32OrZero(splitByChar('/', e.phase)[2]) AS period, e.seq AS seq, e.idx AS idx
FROM events AS e
WHERE e.name = 'omo_exposure'
COMMENT 'one row an exposure: a visitor was shown a variant, or control came to that moment';

CREATE OR REPLACE VIEW campaigns (
    campaign String                 COMMENT 'id of the campaign',
    phase    String                 COMMENT 'a stretch of equal variants and weights, never pooled with another',
    name     String                 COMMENT 'its name, as last told',
    status   String                 COMMENT 'shadow, live, paused or ended, as last told',
    current  Bool                   COMMENT 'the phase of the newest rule set that has the campaign',
    began    DateTime64(3, 'UTC')   COMMENT 'when the phase first went live',
    rules    String                 COMMENT 'hash of the last rule set with this phase',
    arms     Array(Tuple(variant String, weight UInt64, control Bool, cost_share Float64, cost_amount Float64, code String, pool String)) COMMENT 'variants in the order of the file; cost_share is of 10,000 of an order, cost_amount money; who used the reward is known by its code or pool',
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
    FROM (SELECT received, seq, idx, rules, raw FROM event_log WHERE name = 'omo_rules' LIMIT 1 BY event_id) AS e -- FINAL would read what else lies beside them
    ARRAY JOIN JSONExtract(e.raw, 'properties', 'campaigns',
        'Array(Tuple(id String, phase String, status String, name String,
            arms Array(Tuple(variant String, weight UInt64, control Bool, cost_share Float64, cost_amount Float64, code String, pool String)),
            goals Array(Tuple(event String, window_ms Int64, value String))))') AS c
    GROUP BY c.id, c.phase
)
COMMENT 'one row a campaign and phase';

CREATE OR REPLACE VIEW overrides (
    campaign LowCardinality(String) COMMENT 'our campaign; empty where a restart or other rules carried all of them over',
    phase    String                 COMMENT 'its phase from then on',
    period   UInt32                 COMMENT 'of a bandit: its period from then on, the stretch of equal weights in the phase; 0 the first',
    did      String                 COMMENT 'pause, resume, harm_stop or allocate',
    decided  String                 COMMENT 'who: operator, harm stop or bandit',
    weights  Map(String, UInt64)    COMMENT 'variant to its weight from then on',
    began    DateTime64(3, 'UTC')   COMMENT 'when'
) AS SELECT
    e.campaign AS campaign, splitByChar('/', toString(e.phase))[1] AS phase, toUInt32OrZero(splitByChar('/', toString(e.phase))[2]) AS period,
    JSONExtractString(e.raw, 'properties', 'did') AS did, JSONExtractString(e.raw, 'properties', 'by') AS decided,
    mapFromArrays(JSONExtract(e.raw, 'properties', 'arms', 'Array(Tuple(variant String))').variant,
        JSONExtract(e.raw, 'properties', 'arms', 'Array(Tuple(weight UInt64))').weight) AS weights, e.received AS began
FROM (SELECT campaign, phase, raw, received FROM event_log WHERE name = 'omo_override' LIMIT 1 BY event_id) AS e
COMMENT 'one row a decision about a campaign beside its file: paused, stopped for harm, weights moved, resumed';
