-- The bucketing unit that a browser adopts from its person: only the event that
-- introduced it says so. Rows of before this column have it from their text.
ALTER TABLE event_log ADD COLUMN IF NOT EXISTS unit String DEFAULT JSONExtractString(raw, 'unit')
    COMMENT 'the bucketing unit that the visitor adopted by this event; empty on all others' CODEC(ZSTD(1)) AFTER user_id;
