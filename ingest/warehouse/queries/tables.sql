-- Every table that holds something of visitors.
SELECT DISTINCT c.table
FROM system.columns AS c
INNER JOIN system.tables AS t ON t.database = c.database AND t.name = c.table
WHERE c.database = currentDatabase() AND c.name = 'visitor_id' AND t.engine LIKE '%MergeTree'
ORDER BY c.table
