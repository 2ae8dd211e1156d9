-- Who met one campaign from a day on, the last to come first, and on how many days
-- each did: the sum of what queries/activity.sql counts.
SELECT visitor_id, max(time) AS last, uniqExact(toDate(toTimeZone(time, {zone:String}))) AS times, count() OVER () AS everybody
FROM event_log
WHERE name = 'omo_exposure' AND campaign = {campaign:String} AND received >= {from:DateTime64(3, 'UTC')} AND received <= {as_of:DateTime64(3, 'UTC')}
    AND time >= {from:DateTime64(3, 'UTC')} AND NOT bot
GROUP BY visitor_id
ORDER BY last DESC, visitor_id
LIMIT {limit:UInt64} OFFSET {skip:UInt64}
