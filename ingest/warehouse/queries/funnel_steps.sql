-- How many came to each step, by day and, under the day '', altogether.
SELECT of AS day, step.1 AS name, step.2 AS reason, count() AS decisions, uniqExact(visitor_id) AS visitors
FROM came
ARRAY JOIN [day, ''] AS of
GROUP BY day, name, reason
ORDER BY day, name, reason
