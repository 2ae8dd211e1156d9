-- The items that most visitors did this with since then, each with its page as
-- most visitors saw it. What an item is called, costs and where it is comes from
-- browsers: the word of most visitors counts, and of an address its path alone,
-- so that nobody can lead others to another site.
SELECT id, name, price, path
FROM (
    SELECT JSONExtractString(item, 'item_id') AS id, uniqExact(visitor_id) AS visitors
    FROM (
        SELECT visitor_id, arrayJoin(JSONExtractArrayRaw(raw, 'properties', 'items')) AS item
        FROM event_log
        WHERE name = {name:String} AND received >= {since:DateTime64(3, 'UTC')} AND time >= {since:DateTime64(3, 'UTC')} AND NOT bot
        UNION ALL
        SELECT visitor_id, concat('{"item_id":', JSONExtractRaw(raw, 'page', 'item', 'id'), '}') AS item
        FROM event_log
        WHERE name = {name:String} AND received >= {since:DateTime64(3, 'UTC')} AND time >= {since:DateTime64(3, 'UTC')} AND NOT bot
            AND JSONHas(raw, 'page', 'item', 'id') AND NOT JSONHas(raw, 'properties', 'items', 1)
    )
    WHERE id != ''
    GROUP BY id
) AS counted
INNER JOIN (
    SELECT id, argMax(called, seen) AS name, argMax(costs, seen) AS price, argMax(at, seen) AS path
    FROM (
        SELECT JSONExtractString(raw, 'page', 'item', 'id') AS id,
            JSONExtractString(raw, 'page', 'item', 'name') AS called,
            JSONExtractFloat(raw, 'page', 'item', 'price') AS costs,
            event_log.path AS at,
            (uniqExact(visitor_id), max(time)) AS seen
        FROM event_log
        WHERE event_log.name = 'page_view' AND received >= {since:DateTime64(3, 'UTC')} AND NOT bot AND JSONHas(raw, 'page', 'item', 'id')
        GROUP BY id, called, costs, at
    )
    WHERE called != '' AND startsWith(at, '/') AND NOT startsWith(at, '//')
    GROUP BY id
) AS pages USING id
ORDER BY visitors DESC, id
LIMIT {most:UInt32}
