-- Whether an event of this name came since then, and if a field is asked for,
-- one that had it. As rules read fields: a property of that name, else one of an
-- item or of the page's item. Copies do not matter here, so the table is read
-- as it is, and only until the first that is found.
SELECT count() > 0
FROM (
    SELECT 1
    FROM event_log
    WHERE name = {name:String} AND received >= {since:DateTime64(3, 'UTC')} AND time >= {since:DateTime64(3, 'UTC')} AND NOT bot
        AND ({field:String} = ''
            OR JSONHas(raw, 'properties', {field:String})
            OR ({field:String} = 'path' AND path != '')
            OR (({field:String} LIKE 'item\_%' OR {field:String} IN ('price', 'quantity'))
                AND (JSONHas(raw, 'properties', 'items', 1, {field:String})
                    OR JSONHas(raw, 'page', 'item', replaceRegexpOne({field:String}, '^item_', '')))))
    LIMIT 1
)
