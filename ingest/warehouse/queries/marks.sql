-- By what the rows that one campaign's sums were counted from can be known again: rows
-- are added and taken away, never changed. Of what comes all the time, orders and
-- persons made known, only what was there when the sums were counted, and how
-- many of the persons made known since then have to do with the campaign.
WITH ['omo_exposure', 'omo_click', 'omo_close', 'omo_error', 'omo_coupon'] AS own, if(plan_named = 'purchase', ['purchase', 'refund'], [plan_named]) AS goals,
    plan_opens - toIntervalMillisecond({past:Int64}) AS opens
SELECT
    (SELECT toString((count(), sum(seq), max(received))) FROM event_log WHERE name IN own AND campaign = {campaign:String} AND received <= {as_of:DateTime64(3, 'UTC')})
        || toString((SELECT count() FROM event_log AS d ARRAY JOIN d.`outcome.campaign` AS c, d.`outcome.reason` AS r WHERE d.name = 'omo_decision' AND has(d.`outcome.reason`, 'forced') AND r = 'forced' AND c = {campaign:String})) AS events,
    (SELECT toString((count(), sum(seq), max(received))) FROM event_log
        WHERE name IN goals AND campaign IN ('', {campaign:String}) AND time >= opens AND time < plan_closes AND received >= opens - toIntervalDay(1) AND received <= {as_of:DateTime64(3, 'UTC')}) AS reached,
    (SELECT toString((count(), sum(seq))) FROM event_log WHERE name IN ('purchase', 'omo_merge') AND received <= {counted:DateTime64(3, 'UTC')}) AS before,
    (SELECT count() FROM event_log
        WHERE (name IN own AND campaign = {campaign:String} OR name IN goals AND campaign IN ('', {campaign:String}) AND time >= opens AND time < plan_closes)
            AND visitor_id IN (SELECT visitor_id FROM event_log WHERE name = 'omo_merge' AND received > {counted:DateTime64(3, 'UTC')} AND received <= {as_of:DateTime64(3, 'UTC')})) AS merged
