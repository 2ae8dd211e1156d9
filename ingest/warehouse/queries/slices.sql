-- The same sums, by a day of entering or by an attribute as it was at the first
-- exposure. The rows whose slice is NULL tell the arms, in the campaign's order.
SELECT
    plan_phase AS phase,
    slice,
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
    countIf(kept AND failed) AS failures
FROM (
    SELECT multiIf(
            {by:String} = 'day', toString(toDate(entered, {zone:String})),
            {by:String} = 'device', device,
            {by:String} = 'visitor', newcomer,
            {by:String} = 'channel', channel,
            rank)::Nullable(String) AS slice,
        variant, 0 AS place, false AS is_control, toUInt64(0) AS weighs, kept, ripe, converted, worth, cost, past, clicked, closed, failed
    FROM units
    WHERE kept
    UNION ALL
    SELECT NULL, a.variant, place, a.control, a.weight, false, false, false, 0, 0, 0, false, false, false
    FROM (SELECT plan_arms AS all) ARRAY JOIN all AS a, arrayEnumerate(all) AS place
)
GROUP BY slice, variant
ORDER BY slice NULLS FIRST, max(place) = 0, max(place), variant
