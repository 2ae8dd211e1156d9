-- Who was here last, or met a campaign last, the newest first. From the table: a
-- copy that was sent again shifts a page view or two and no order.
SELECT visitor_id, argMaxIf(user_id, (time, seq, idx), user_id != '') AS user_id,
    max(time) AS last, countIf(name = 'page_view') AS pageviews,
    argMaxIf(path, (time, seq, idx), path != '') AS path, argMaxIf(device_type, (time, seq, idx), device_type != '') AS device_type,
    uniqExactIf(if(transaction_id = '', toString(event_id), transaction_id), name = 'purchase') AS purchases
FROM event_log
WHERE received >= {from:DateTime64(3, 'UTC')} AND visitor_id != '' AND NOT bot
    AND ({campaign:String} = '' OR visitor_id IN (
        SELECT visitor_id
        FROM event_log
        WHERE name = 'omo_exposure' AND campaign = {campaign:String} AND ({variant:String} = '' OR variant = {variant:String}) AND NOT bot
        GROUP BY visitor_id
        ORDER BY max(received) DESC, visitor_id
        LIMIT {limit:UInt64}))
GROUP BY visitor_id
ORDER BY last DESC, visitor_id
LIMIT {limit:UInt64}
