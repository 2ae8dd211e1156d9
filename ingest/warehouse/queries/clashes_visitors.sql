-- Who is behind one number of conflicts, the last to come first.
SELECT visitor_id, max(time) AS last, uniqExact(decision_id) AS times, count() OVER () AS everybody
FROM clashes
WHERE campaign = {campaign:String} AND reason = {reason:String} AND winner = {winner:String}
GROUP BY visitor_id
ORDER BY last DESC, visitor_id
LIMIT {limit:UInt64} OFFSET {skip:UInt64}
