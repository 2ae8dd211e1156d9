-- Who came to one step, the last to come first.
SELECT visitor_id, max(time) AS last, count() AS decisions, count() OVER () AS everybody
FROM came
WHERE step.1 = {step:String} AND step.2 = {reason:String}
GROUP BY visitor_id
ORDER BY last DESC, visitor_id
LIMIT {limit:UInt64} OFFSET {skip:UInt64}
