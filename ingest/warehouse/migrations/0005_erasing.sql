-- Whom to erase. A statement that named them would stand in ClickHouse's list of
-- mutations and in its logs for good; this table is in memory only, and empty but
-- for the moment of an erasure.
CREATE TABLE IF NOT EXISTS erasing (
    visitor_id String COMMENT 'whose rows are being erased from every table'
) ENGINE = Memory
COMMENT 'visitors being erased at this moment';
