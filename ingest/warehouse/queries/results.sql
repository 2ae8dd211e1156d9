-- Conversion by variant of one campaign, phase and goal: sums, from which
-- engine/stats makes statistics. A bandit's are apart by period of equal weights.
SELECT
    plan_phase AS phase,
    period,
    variant,
    max(is_control) AS control,
    max(weighs) AS weight,
    countIf(kept) AS exposed,
    countIf(kept AND ripe) AS matured,
    countIf(kept AND converted) AS conversions,
    sumIf(worth, kept) AS value_sum,
    sumIf(worth * worth, kept) AS value_sum_squares,
    sumIf(cost, kept) AS cost_sum,
    sumIf(cost * cost, kept) AS cost_sum_squares,
    sumIf(cost * worth, kept) AS cost_by_value,
    sumIf(cost * past, kept) AS cost_by_past,
    sumIf(past, kept) AS past_sum,
    sumIf(past * past, kept) AS past_sum_squares,
    sumIf(past * worth, kept) AS past_by_value,
    countIf(kept AND clicked) AS clicks,
    countIf(kept AND closed) AS closings,
    countIf(kept AND failed) AS failures,
    -- Of all arms: who came in the last seven days before as_of, and when the first did.
    sum(countIf(kept AND entered > {as_of:DateTime64(3, 'UTC')} - toIntervalDay(7) AND entered <= {as_of:DateTime64(3, 'UTC')})) OVER () AS recent,
    min(min(if(kept, entered, toDateTime64('2299-01-01', 3, 'UTC')))) OVER () AS since,
    sum(countIf(out_crossed)) OVER () AS crossovers,
    sum(countIf(out_carried)) OVER () AS carried_over
FROM (
    SELECT period, variant, 0 AS place, false AS is_control, toUInt64(0) AS weighs, kept, ripe, converted, worth, cost, past,
        clicked, closed, failed, entered, out_crossed, out_carried
    FROM units
    -- Every arm of the phase has its row, also without a visitor; zeros count.
    UNION ALL
    SELECT 0, a.variant, place, a.control, a.weight, false, false, false, 0, 0, 0, false, false, false, toDateTime64(0, 3, 'UTC'), false, false
    FROM (SELECT plan_arms AS all) ARRAY JOIN all AS a, arrayEnumerate(all) AS place
    UNION ALL
    SELECT p.1, a.variant, place, a.control, p.2[a.variant], false, false, false, 0, 0, 0, false, false, false, toDateTime64(0, 3, 'UTC'), false, false
    FROM (SELECT plan_periods AS periods, plan_arms AS all) ARRAY JOIN periods AS p ARRAY JOIN all AS a, arrayEnumerate(all) AS place
)
GROUP BY period, variant
ORDER BY period, max(place) = 0, max(place), variant
