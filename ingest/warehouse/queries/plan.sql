-- What is counted of one campaign, as one value. A phase began when a rule set with
-- it went live, or with its first exposure. Unless told: the newest phase anybody was
-- exposed in, else the newest of all. What counts units knows each part as plan_ and
-- its name: constants by themselves are analysed faster than parts of a tuple.
SELECT (its.phase, its.stretches, earlier, its.some_of, if(its.some_of = '', {goal:String}, its.some_of),
    greatest({from:DateTime64(3, 'UTC')}, its.first), least({to:DateTime64(3, 'UTC')}, its.last) + toIntervalMillisecond({window:Int64} + 1),
    {from:DateTime64(3, 'UTC')} <= its.first AND {to:DateTime64(3, 'UTC')} > its.last,
    -- Every arm of the phase and what its reward costs.
    arrayConcat(its.arms, arrayMap(v -> (v, 0, false, 0, 0, '', ''), arraySort(arrayFilter(v -> NOT has(its.arms.variant, v), its.variants)))))
    ::Tuple(phase String, stretches Array(String), earlier Array(String), some_of String, named String, opens DateTime64(3, 'UTC'), closes DateTime64(3, 'UTC'), whole Bool,
        arms Array(Tuple(variant String, weight UInt64, control Bool, cost_share Float64, cost_amount Float64, code String, pool String))) AS told
FROM (
    SELECT its, arrayMap(p -> p.phase, arrayFilter(p -> p.began < its.began, phases)) AS earlier
    FROM (
        SELECT phases, if({phase:String} = '', arrayReverseSort(p -> (p.shown, p.began), phases)[1], arrayFirst(p -> p.phase = {phase:String}, phases)) AS its
        FROM (
            SELECT groupArray((phase, began, shown, first, last, stretches, variants, some_of, arms)::Tuple(phase String, began DateTime64(3, 'UTC'), shown Bool,
                first DateTime64(3, 'UTC'), last DateTime64(3, 'UTC'), stretches Array(String), variants Array(String), some_of String, arms Array(Tuple(variant String, weight UInt64, control Bool, cost_share Float64, cost_amount Float64, code String, pool String)))) AS phases
            FROM (
                SELECT phase, min(at) AS began, max(exposed) AS shown, min(first) AS first, max(last) AS last,
                    arraySort(groupUniqArrayIf(stretch, exposed)) AS stretches, groupUniqArrayIf(variant, variant != '') AS variants, max(source) AS some_of, max(told) AS arms
                FROM (
                    SELECT substringIndex(stretch, '/', 1) AS phase, toString(e.phase) AS stretch, toString(e.variant) AS variant, min(received) AS at, true AS exposed,
                        min(time) AS first, max(time) AS last, '' AS source, []::Array(Tuple(variant String, weight UInt64, control Bool, cost_share Float64, cost_amount Float64, code String, pool String)) AS told
                    FROM event_log AS e
                    WHERE name = 'omo_exposure' AND campaign = {campaign:String} AND received <= {as_of:DateTime64(3, 'UTC')} AND NOT bot AND NOT staff AND e.phase != 'invited'
                        AND decision_id NOT IN (SELECT d.decision_id FROM event_log AS d ARRAY JOIN d.`outcome.campaign` AS c, d.`outcome.reason` AS r WHERE d.name = 'omo_decision' AND has(d.`outcome.reason`, 'forced') AND r = 'forced' AND c = {campaign:String})
                    GROUP BY e.phase, e.variant
                    UNION ALL
                    SELECT phase, '', '', began, false, toDateTime64('2299-12-31', 3, 'UTC'), toDateTime64(0, 3, 'UTC'), derived[{goal:String}], arms
                    FROM campaigns WHERE campaign = {campaign:String} AND began <= {as_of:DateTime64(3, 'UTC')}
                )
                GROUP BY phase
            )
        )
    )
)
