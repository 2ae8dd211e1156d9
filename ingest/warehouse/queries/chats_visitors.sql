-- Who is behind one number of one row, the last to come first.
SELECT visitor_id, last, accepted, answered, if(empty(waits), -1, arrayMin(waits)) AS wait_ms,
    toUInt64(arrayCount(f -> f.bought, deeds)) AS orders, arraySum(f -> f.amount, deeds) AS amount, count() OVER () AS everybody
FROM people
WHERE campaign = {campaign:String} AND by = {by:String} AND part_key = {key:String}
    AND multiIf(
        {who:String} = 'invited', invited > 0,
        {who:String} = 'offered', offered > 0,
        {who:String} = 'accepted', accepted > 0,
        {who:String} = 'answered', answered > 0,
        {who:String} = 'ended', ended > 0,
        {who:String} = 'unmatched', unmatched > 0,
        {who:String} = 'unanswered', treated = 'unanswered',
        {who:String} = 'answered_bought', treated = 'answered' AND arrayExists(f -> f.bought, deeds),
        {who:String} = 'unanswered_bought', treated = 'unanswered' AND arrayExists(f -> f.bought, deeds),
        false)
ORDER BY last DESC, visitor_id
LIMIT {limit:UInt64} OFFSET {skip:UInt64}
