-- Each campaign altogether, and by the twenty channels, topics and groups of pages
-- that had most. Times are in milliseconds, between two chats' by straight line.
SELECT campaign, by, part_key, any(window_ms) AS within_ms,
    sum(invited) AS all_invited, sum(offered) AS all_offered, sum(accepted) AS all_accepted, sum(answered) AS all_answered, sum(ended) AS all_ended, sum(unmatched) AS all_unmatched,
    countIf(offered > 0) AS offered_visitors, countIf(accepted > 0) AS accepted_visitors,
    if(empty(arrayFlatten(groupArray(waits)) AS waited), 0, round(arrayReduce('quantileExactInclusive(0.5)', waited))) AS median_ms,
    if(empty(waited), 0, round(arrayReduce('quantileExactInclusive(0.9)', waited))) AS p90_ms,
    [countIf(treated = 'answered'), countIf(treated = 'unanswered')] AS visitors,
    [countIf(treated = 'answered' AND closes > {as_of:DateTime64(3, 'UTC')}), countIf(treated = 'unanswered' AND closes > {as_of:DateTime64(3, 'UTC')})] AS still_open,
    [countIf(treated = 'answered' AND arrayExists(f -> f.bought, deeds)), countIf(treated = 'unanswered' AND arrayExists(f -> f.bought, deeds))] AS buyers,
    [sumIf(arrayCount(f -> f.bought, deeds), treated = 'answered'), sumIf(arrayCount(f -> f.bought, deeds), treated = 'unanswered')] AS orders,
    [sumIf(arraySum(f -> f.amount, deeds), treated = 'answered'), sumIf(arraySum(f -> f.amount, deeds), treated = 'unanswered')] AS amounts
FROM people
GROUP BY campaign, by, part_key
ORDER BY campaign, indexOf(['', 'channel', 'topic', 'page'], by), all_offered + all_accepted DESC, part_key
LIMIT 20 BY campaign, by
