-- The one table of facts: every row the loader brings, each event as folded.
--
-- Engine. A row can come twice in two ways. The loader resends a batch whose
-- answer it lost: the insert's token stops that (the window below; its default
-- is 0, which is no deduplication at all). A client resends an event after the
-- ledger has forgotten its id, or a batch comes again after the window: those
-- collapse here by sort key, and the view `events` reads with FINAL so that
-- nobody sees them before the merge. The greatest version stays, and version
-- falls as seq rises: the lowest seq wins.
--
-- Sort key. All of it is identical in every retry of an event: name, campaign
-- and visitor are what the client said, event_id is what it made once. Results
-- read one campaign's exposures and one goal's events: two ranges of this key.
-- One visitor is found by the bloom filter. An id as UUID takes 16 bytes where its
-- text takes 36.
--
-- Partition. The month of receipt on the server's clock. A client's clock, or a
-- time inside its UUIDv7, could open a thousand partitions; an import of ten
-- years of history is received now. Two copies of an event received in two
-- months stay in two partitions, and FINAL still makes them one.
-- No event happens after its receipt, so `received >= from` prunes months for
-- any question about `time >= from`.
--
-- Columns are the cost of an insert, so only what views and screens group by
-- has one. Other scalar properties are in the capped map, everything is in raw.
-- A JSON column is not safe with untrusted keys on the embedded build.
--
-- fsync: an acknowledged insert is what moves the loader's position, so it must
-- survive a power cut; with about one insert a second that is affordable.
CREATE TABLE IF NOT EXISTS event_log (
    event_id        UUID                            COMMENT 'made once by the client and kept over retries',
    visitor_id      String                          COMMENT 'first-party id of a browser; empty on events of the engine itself' CODEC(ZSTD(1)),
    user_id         String                          COMMENT 'the person, where the visitor is identified' CODEC(ZSTD(1)),
    name            LowCardinality(String)          COMMENT 'GA4 name, custom name or omo_ name of the event',
    time            DateTime64(3, 'UTC')            COMMENT 'when it happened: the client''s clock, corrected and clamped' CODEC(Delta, ZSTD(1)),
    received        DateTime64(3, 'UTC')            COMMENT 'when this server got it' CODEC(Delta, ZSTD(1)),
    seq             UInt64                          COMMENT 'place of the visit in its ledger' CODEC(Delta, ZSTD(1)),
    idx             UInt16                          COMMENT 'place of the event in its visit',
    ledger          LowCardinality(String)          COMMENT 'which ledger seq counts in: each data folder has its own',
    session_id      String                          COMMENT 'events of a visitor without a long gap, stamped by the fold' CODEC(ZSTD(1)),
    new_visitor     Bool                            COMMENT 'in the visitor''s first session',
    bot             Bool                            COMMENT 'a crawler or monitor: never in results',
    consent         LowCardinality(String)          COMMENT 'granted, denied or unknown',
    url             String                          COMMENT 'address of the page' CODEC(ZSTD(1)),
    path            String                          COMMENT 'path of the page' CODEC(ZSTD(1)),
    referrer_host   LowCardinality(String)          COMMENT 'host that led to the session',
    channel         LowCardinality(String)          COMMENT 'direct, search, social, email, paid, referral or ai',
    source          LowCardinality(String)          COMMENT 'utm_source or what stands for it',
    medium          LowCardinality(String)          COMMENT 'utm_medium',
    utm_campaign    LowCardinality(String)          COMMENT 'utm_campaign: the advertisement, not our campaign',
    device_type     LowCardinality(String)          COMMENT 'mobile, tablet or desktop',
    os              LowCardinality(String)          COMMENT 'operating system',
    browser         LowCardinality(String)          COMMENT 'browser',
    language        LowCardinality(String)          COMMENT 'language of the browser',
    country         LowCardinality(String)          COMMENT 'ISO 3166 code, where known',
    value           Nullable(Float64)               COMMENT 'the property value, where it is a number',
    currency        LowCardinality(String)          COMMENT 'ISO 4217 code of value',
    transaction_id  String                          COMMENT 'of purchase and refund: one order' CODEC(ZSTD(1)),
    campaign        LowCardinality(String)          COMMENT 'of omo_ events: our campaign',
    variant         LowCardinality(String)          COMMENT 'of omo_ events: its variant',
    phase           LowCardinality(String)          COMMENT 'of omo_ events: a stretch of equal variants and weights, never pooled',
    decision_id     String                          COMMENT 'of omo_ events: the decision that led to it' CODEC(ZSTD(1)),
    rules           LowCardinality(String)          COMMENT 'of omo_decision and omo_rules: hash of the rule set',
    trigger         LowCardinality(String)          COMMENT 'of omo_decision: what asked; empty for the page view itself',
    outcome         Nested(
        campaign LowCardinality(String),
        reason LowCardinality(String),
        variant LowCardinality(String),
        phase LowCardinality(String))         COMMENT 'of omo_decision: what became of each campaign whose rule matched',
    properties      Map(LowCardinality(String), String) COMMENT 'other scalar properties: at most 32, each at most 256 bytes' CODEC(ZSTD(1)),
    raw             String                          COMMENT 'the whole event as canonical JSON: what replay reads' CODEC(ZSTD(1)),
    version         UInt64 MATERIALIZED bitNot(bitShiftLeft(seq, 16) + idx) COMMENT 'falls as seq rises: of equal events the first stays',
    INDEX time_range time TYPE minmax GRANULARITY 1,
    INDEX visitors visitor_id TYPE bloom_filter(0.01) GRANULARITY 2,
    INDEX ids event_id TYPE bloom_filter(0.01) GRANULARITY 2,
    INDEX positions seq TYPE minmax GRANULARITY 1,
    INDEX reasons outcome.reason TYPE bloom_filter(0.01) GRANULARITY 4
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(received)
ORDER BY (name, campaign, visitor_id, event_id)
SETTINGS non_replicated_deduplication_window = 10000,
         fsync_after_insert = 1,
         fsync_part_directory = 1
COMMENT 'every event as loaded; read it through the view events';
