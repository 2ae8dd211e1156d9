-- A batch of the loader stays in one file until merges have made it larger: forty
-- columns in files of their own, each fsynced, cost more than they spare a reader.
ALTER TABLE event_log MODIFY SETTING min_bytes_for_wide_part = 67108864;
