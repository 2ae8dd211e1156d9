-- How many visitors a campaign did not get because of another one.
SELECT campaign, reason, winner, uniqExact(visitor_id) AS visitors
FROM clashes
GROUP BY campaign, reason, winner
ORDER BY campaign, visitors DESC, reason, winner
