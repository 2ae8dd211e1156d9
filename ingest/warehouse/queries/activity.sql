-- How many visitors met each campaign on each day. From the table: a resent copy
-- is the same visitor.
SELECT campaign, toString(toDate(toTimeZone(time, {zone:String}))) AS day, uniqExact(visitor_id) AS visitors
FROM event_log
WHERE name = 'omo_exposure' AND received >= {from:DateTime64(3, 'UTC')} AND received <= {as_of:DateTime64(3, 'UTC')} AND time >= {from:DateTime64(3, 'UTC')} AND NOT bot
GROUP BY campaign, day
ORDER BY campaign, day
