-- How much the shop used in each month: visitors who did something themselves,
-- the persons among them, what they did, and the decisions made for them. The
-- engine's own events are no one's doing; crawlers are nobody.
SELECT
    formatDateTime(toStartOfMonth(toTimeZone(time, {zone:String})), '%Y-%m') AS month,
    uniqExactIf(visitor_id, NOT startsWith(name, 'omo_')) AS visitors,
    uniqExactIf(user_id, user_id != '' AND NOT startsWith(name, 'omo_')) AS persons,
    countIf(NOT startsWith(name, 'omo_')) AS events,
    countIf(name = 'omo_decision') AS decisions
FROM events
WHERE NOT bot AND visitor_id != '' AND received <= {as_of:DateTime64(3, 'UTC')} AND received >= {from:DateTime64(3, 'UTC')}
    AND time >= {from:DateTime64(3, 'UTC')} AND time < {to:DateTime64(3, 'UTC')}
GROUP BY month
ORDER BY month
