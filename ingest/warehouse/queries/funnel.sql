-- What became of every decision in which one campaign's rule matched, by the day
-- of the decision. matched = lost, by reason + armed + offered + control + shadow
-- + forced, each decision in exactly one of them. What follows is of the offered
-- and control ones, told of the day of their decision however late it came:
-- exposed are those whose exposure names the decision, staff's left out, clicked
-- and closed those of the exposed, converted the exposed by which a visitor
-- entered and reached the main goal, as results count it (queries/units.sql has
-- the reasons). triggered are the matched ones that a trigger asked for and not
-- a page view.
WITH
    -- When each phase began, and its main goal. One value, since ClickHouse runs a
    -- named subquery at each use.
    (
        SELECT groupArray((its_phase, began, goal, window_ms, some_of, if(some_of = '', goal, some_of))
            ::Tuple(phase String, began DateTime64(3, 'UTC'), goal String, window_ms Int64, some_of String, named String))
        FROM (
            SELECT its_phase, min(at) AS began, max(event) AS goal, max(lasts) AS window_ms, max(source) AS some_of
            FROM (
                SELECT toString(phase) AS its_phase, received AS at, '' AS event, 0 AS lasts, '' AS source
                FROM exposures
                WHERE campaign = {campaign:String} AND received <= {as_of:DateTime64(3, 'UTC')} AND NOT bot AND NOT forced
                UNION ALL
                SELECT phase, began, goals[1].event, goals[1].window_ms, derived[goals[1].event]
                FROM campaigns WHERE campaign = {campaign:String} AND began <= {as_of:DateTime64(3, 'UTC')}
            )
            GROUP BY its_phase
        )
    ) AS phases,

    -- What is known of each visitor: its exposures, and what it did of the goals.
    browsers AS (
        SELECT
            visitor_id, max(user_id) AS person,
            groupArrayIf((phase, time, received, decision_id, variant), kind = 'exposure') AS seen,
            groupArrayIf((time, name, kinds), kind = 'fact') AS did
        FROM (
            SELECT visitor_id, user_id, 'exposure' AS kind, toString(phase) AS phase, time, received, decision_id, toString(variant) AS variant,
                '' AS name, []::Array(String) AS kinds
            FROM exposures
            WHERE campaign = {campaign:String} AND received <= {as_of:DateTime64(3, 'UTC')} AND NOT bot AND NOT forced AND visitor_id != '' AND variant != ''
            UNION ALL
            SELECT visitor_id, user_id, 'fact', '', time, received, '', '', name, kinds
            FROM (
                SELECT visitor_id, user_id, time, received, toString(name) AS name, kinds::Array(String) AS kinds, if(name = 'purchase', transaction_id, '') AS order_id, event_id
                FROM events
                WHERE name IN (SELECT arrayJoin(phases.named)) AND received <= {as_of:DateTime64(3, 'UTC')} AND NOT bot AND visitor_id != ''
                ORDER BY received, seq, idx
                LIMIT 1 BY order_id, if(order_id = '', event_id, toUUID('00000000-0000-0000-0000-000000000000'))
            )
            UNION ALL
            SELECT visitor_id, user_id, 'merge', '', time, received, '', '', '', []
            FROM events WHERE name = 'omo_merge' AND received <= {as_of:DateTime64(3, 'UTC')} AND visitor_id != ''
        )
        GROUP BY visitor_id
    ),
    -- Kept is who saw one variant only, and no earlier phase; staff are not exposed.
    -- A fact is of the visitor on it if that was exposed, else of its person's first.
    converted_by AS (
        SELECT arraySort(x -> (x.time, x.received, x.decision_id), mine)[1].decision_id AS by
        FROM (
            SELECT p, b, arrayFilter(x -> x.phase = p.phase, b.seen) AS mine, arrayMin(mine.time) AS entered,
                arrayConcat(b.did, if(at = 1, arrayFlatten(arrayMap(o -> o.did, arrayFilter(o -> NOT has(o.seen.phase, p.phase), together))), [])) AS facts
            FROM (
                SELECT together, p, arraySort(b -> (arrayMin(x -> if(x.phase = p.phase, x.time, toDateTime64('2299-01-01', 3, 'UTC')), b.seen), b.visitor_id),
                    arrayFilter(b -> has(b.seen.phase, p.phase), together)) AS exposed_in
                FROM (
                    SELECT groupArray((visitor_id, seen, did)::Tuple(visitor_id String,
                        seen Array(Tuple(phase String, time DateTime64(3, 'UTC'), received DateTime64(3, 'UTC'), decision_id String, variant String)),
                        did Array(Tuple(time DateTime64(3, 'UTC'), name String, kinds Array(String))))) AS together
                    FROM browsers
                    GROUP BY person, if(person = '', visitor_id, '')
                    HAVING max(notEmpty(seen))
                )
                ARRAY JOIN phases AS p
            )
            ARRAY JOIN exposed_in AS b, arrayEnumerate(exposed_in) AS at
        )
        WHERE length(arrayDistinct(mine.variant)) = 1
            AND NOT hasAny(b.seen.phase, arrayMap(q -> q.phase, arrayFilter(q -> q.began < p.began, phases)))
            AND arrayExists(f -> f.name = p.named AND (p.some_of = '' OR has(f.kinds, p.goal))
                AND f.time >= entered AND f.time < entered + toIntervalMillisecond(p.window_ms), facts)
    ),
    shown AS (
        SELECT decision_id, max(staff) OVER (PARTITION BY visitor_id) AS of_staff
        FROM exposures
        WHERE campaign = {campaign:String} AND received <= {as_of:DateTime64(3, 'UTC')}
            AND NOT bot AND NOT forced AND visitor_id != '' AND variant != ''
    ),
    reactions AS (
        SELECT decision_id, name
        FROM events
        WHERE name IN ('omo_click', 'omo_close') AND campaign = {campaign:String} AND received <= {as_of:DateTime64(3, 'UTC')}
    ),
    made AS (
        SELECT
            decision_id, visitor_id, time, trigger, toString(toDate(toTimeZone(time, {zone:String}))) AS day,
            indexOf(`outcome.campaign`, {campaign:String}) AS place, toString(`outcome.reason`[place]) AS became,
            became IN ('offered', 'control') AND decision_id IN (SELECT decision_id FROM shown WHERE NOT of_staff) AS exposed
        FROM events
        WHERE name = 'omo_decision' AND has(`outcome.campaign`, {campaign:String})
            AND received <= {as_of:DateTime64(3, 'UTC')} AND received >= {from:DateTime64(3, 'UTC')}
            AND time >= {from:DateTime64(3, 'UTC')} AND time < {to:DateTime64(3, 'UTC')}
            AND ({phase:String} = '' OR splitByChar('/', toString(`outcome.phase`[place]))[1] = {phase:String})
    ),
    -- A row for each step that a decision came to.
    came AS (
        SELECT visitor_id, time, day, step
        FROM made
        ARRAY JOIN
            arrayConcat(
                [('matched', '')],
                if(became IN ('armed', 'offered', 'control', 'shadow', 'forced'), [(became, '')], [('lost', became)]),
                if(trigger != '', [('triggered', '')], []),
                if(exposed, [('exposed', '')], []),
                if(exposed AND decision_id IN (SELECT decision_id FROM reactions WHERE name = 'omo_click'), [('clicked', '')], []),
                if(exposed AND decision_id IN (SELECT decision_id FROM reactions WHERE name = 'omo_close'), [('closed', '')], []),
                if(exposed AND decision_id IN (SELECT by FROM converted_by), [('converted', '')], [])) AS step
    )
