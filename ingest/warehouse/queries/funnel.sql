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
    shown AS (
        SELECT phase AS its_phase, visitor_id, user_id, variant, time, received, decision_id,
            max(staff) OVER (PARTITION BY visitor_id) AS of_staff
        FROM exposures
        WHERE campaign = {campaign:String} AND received <= {as_of:DateTime64(3, 'UTC')}
            AND NOT bot AND NOT forced AND visitor_id != '' AND variant != ''
    ),
    aims AS (
        SELECT phase AS its_phase, goals[1].event AS goal, goals[1].window_ms AS window_ms,
            derived[goals[1].event] AS some_of, if(some_of = '', goal, some_of) AS named
        FROM campaigns
        WHERE campaign = {campaign:String}
    ),
    facts AS (
        SELECT visitor_id, user_id, name, time, kinds, if(name = 'purchase', transaction_id, '') AS order_id
        FROM events
        WHERE name IN (SELECT named FROM aims) AND received <= {as_of:DateTime64(3, 'UTC')} AND NOT bot AND visitor_id != ''
        ORDER BY received, seq, idx
        LIMIT 1 BY order_id, if(order_id = '', event_id, toUUID('00000000-0000-0000-0000-000000000000'))
    ),
    persons AS (
        SELECT visitor_id, max(user_id) AS person
        FROM (
            SELECT visitor_id, user_id FROM shown
            UNION ALL
            SELECT visitor_id, user_id FROM facts
            UNION ALL
            SELECT visitor_id, user_id FROM events WHERE name = 'omo_merge' AND received <= {as_of:DateTime64(3, 'UTC')} AND visitor_id != ''
        )
        GROUP BY visitor_id
        HAVING person != ''
    ),
    phases AS (
        SELECT its_phase, min(at) AS began
        FROM (
            SELECT its_phase, received AS at FROM shown
            UNION ALL
            SELECT phase, began FROM campaigns WHERE campaign = {campaign:String} AND began <= {as_of:DateTime64(3, 'UTC')}
        )
        GROUP BY its_phase
    ),
    -- Kept is who saw one variant only, and no earlier phase, and is not of the staff.
    units AS (
        SELECT
            s.visitor_id AS visitor_id, s.its_phase AS its_phase, any(h.person) AS person, min(s.time) AS entered,
            argMin(s.decision_id, (s.time, s.received, s.decision_id)) AS by,
            uniqExact(s.variant) = 1 AND NOT max(s.of_staff) AND min(any(p.began)) OVER (PARTITION BY s.visitor_id) = any(p.began) AS kept,
            row_number() OVER (PARTITION BY s.its_phase, any(h.person) ORDER BY min(s.time), s.visitor_id) AS at
        FROM shown AS s
        INNER JOIN phases AS p ON p.its_phase = s.its_phase
        LEFT JOIN persons AS h ON h.visitor_id = s.visitor_id
        GROUP BY s.visitor_id, s.its_phase
    ),
    -- An event is of the visitor on it if that was exposed, else of its person's first.
    owners AS (
        SELECT its_phase, visitor_id AS unit, visitor_id AS whose FROM units
        UNION ALL
        SELECT u.its_phase, u.visitor_id, h.visitor_id
        FROM units AS u
        INNER JOIN persons AS h ON h.person = u.person
        WHERE u.at = 1 AND u.person != '' AND (u.its_phase, h.visitor_id) NOT IN (SELECT its_phase, visitor_id FROM units)
    ),
    converted_by AS (
        SELECT DISTINCT u.by
        FROM units AS u
        INNER JOIN aims AS a ON a.its_phase = u.its_phase
        INNER JOIN owners AS o ON o.its_phase = u.its_phase AND o.unit = u.visitor_id
        INNER JOIN facts AS f ON f.visitor_id = o.whose AND f.name = a.named
        WHERE u.kept AND (a.some_of = '' OR has(f.kinds, a.goal))
            AND f.time >= u.entered AND f.time < u.entered + toIntervalMillisecond(a.window_ms)
    ),
    reactions AS (
        SELECT decision_id, name
        FROM events
        WHERE name IN ('omo_click', 'omo_close') AND campaign = {campaign:String} AND received <= {as_of:DateTime64(3, 'UTC')}
    ),
    made AS (
        SELECT
            decision_id, visitor_id, trigger, toString(toDate(toTimeZone(time, {zone:String}))) AS day,
            indexOf(`outcome.campaign`, {campaign:String}) AS place, toString(`outcome.reason`[place]) AS became,
            became IN ('offered', 'control') AND decision_id IN (SELECT decision_id FROM shown WHERE NOT of_staff) AS exposed
        FROM events
        WHERE name = 'omo_decision' AND has(`outcome.campaign`, {campaign:String})
            AND received <= {as_of:DateTime64(3, 'UTC')} AND received >= {from:DateTime64(3, 'UTC')}
            AND time >= {from:DateTime64(3, 'UTC')} AND time < {to:DateTime64(3, 'UTC')}
            AND ({phase:String} = '' OR splitByChar('/', toString(`outcome.phase`[place]))[1] = {phase:String})
    )
SELECT of AS day, step.1 AS name, step.2 AS reason, count() AS decisions, uniqExact(visitor_id) AS visitors
FROM made
ARRAY JOIN
    [day, ''] AS of
ARRAY JOIN
    arrayConcat(
        [('matched', '')],
        if(became IN ('armed', 'offered', 'control', 'shadow', 'forced'), [(became, '')], [('lost', became)]),
        if(trigger != '', [('triggered', '')], []),
        if(exposed, [('exposed', '')], []),
        if(exposed AND decision_id IN (SELECT decision_id FROM reactions WHERE name = 'omo_click'), [('clicked', '')], []),
        if(exposed AND decision_id IN (SELECT decision_id FROM reactions WHERE name = 'omo_close'), [('closed', '')], []),
        if(exposed AND decision_id IN (SELECT by FROM converted_by), [('converted', '')], [])) AS step
GROUP BY day, name, reason
ORDER BY day, name, reason
