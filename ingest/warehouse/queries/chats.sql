-- The life of every chat: offered (or invited by a person), accepted, answered,
-- ended. A chat begins when the visitor accepts one; it is answered and ended by the
-- first such word after that, which may come from the shop's own systems and need not
-- say of which campaign or channel it is: it is of the visitor's newest chat that it
-- may be of. What is of no chat is counted as unmatched. Crawlers are left out, and
-- whoever met a campaign as staff.
--
-- What a visitor did afterwards is counted from the moment of accepting, for those
-- who were answered as for those who were not, within the window of the campaign's
-- main goal (72 h of a chat that names no campaign). A visitor with several chats
-- begins with the first that was answered, else with the first. Orders count as in
-- results: of all the person's browsers, once a transaction_id, by the first telling;
-- refunds take value off.
WITH
    words AS (
        SELECT visitor_id,
            arraySort(x -> (x.at, x.place), groupArrayIf(word, word.state IN ('invited', 'offered'))) AS offers,
            arraySort(x -> (x.at, x.place), groupArrayIf(word, word.state = 'accepted')) AS begun,
            arraySort(x -> (x.at, x.place), groupArrayIf(word, word.state IN ('answered', 'ended'))) AS told
        FROM (
            SELECT visitor_id,
                splitByChar('/', path) AS parts,
                multiIf(length(parts) > 2 AND parts[2] != '', concat('/', parts[2], '/**'), path) AS page,
                (time, (received, seq, idx), properties['state'], toString(campaign), properties['channel'], properties['channels'], properties['topic'], page)
                    ::Tuple(at DateTime64(3, 'UTC'), place Tuple(DateTime64(3, 'UTC'), UInt64, UInt16), state String, campaign String, channel String, channels String, topic String, page String) AS word
            FROM events
            WHERE name = 'omo_chat' AND received <= {as_of:DateTime64(3, 'UTC')} AND NOT bot AND visitor_id != ''
                AND visitor_id NOT IN (SELECT visitor_id FROM event_log WHERE name = 'omo_exposure' AND staff AND received <= {as_of:DateTime64(3, 'UTC')})
        )
        GROUP BY visitor_id
    ),
    -- One row an offer, a chat, or a word that is of no chat; answered_at and ended_at
    -- are 1970 where it was not.
    moments AS (
        SELECT visitor_id, moment.1 AS kind, moment.2 AS word, moment.3 AS answered_at, moment.4 AS ended_at
        FROM (
            SELECT visitor_id, offers, begun, told,
                arrayMap(w -> arrayLastIndex(b -> b.at <= w.at AND (w.campaign = '' OR w.campaign = b.campaign) AND (w.channel = '' OR w.channel = b.channel), begun), told) AS of_chat,
                toDateTime64(0, 3, 'UTC') AS never
            FROM words
        )
        ARRAY JOIN arrayConcat(
            arrayMap(w -> (w.state, w, never, never), offers),
            arrayMap((b, i) -> ('accepted', b,
                arrayFirst((w, o) -> o = i AND w.state = 'answered', told, of_chat).at,
                arrayFirst((w, o) -> o = i AND w.state = 'ended', told, of_chat).at), begun, arrayEnumerate(begun)),
            arrayMap(w -> ('unmatched', w, never, never), arrayFilter((w, o) -> o = 0, told, of_chat))) AS moment
        WHERE word.at >= {from:DateTime64(3, 'UTC')} AND word.at < {to:DateTime64(3, 'UTC')}
            AND ({campaign:String} = '' OR word.campaign = {campaign:String})
    ),
    -- Of one campaign, altogether and by channel, topic and page, where those were told.
    -- An offer is of every channel that it had.
    parted AS (
        SELECT visitor_id, kind, word.at AS at, word.campaign AS campaign, part.1 AS by, part.2 AS part_key, answered_at, ended_at
        FROM moments
        ARRAY JOIN arrayFilter(p -> p.1 = '' OR p.2 != '', arrayConcat([('', ''), ('topic', word.topic), ('page', word.page)],
            arrayMap(c -> ('channel', c), if(kind IN ('accepted', 'unmatched'), [word.channel], arrayDistinct(splitByChar(',', word.channels)))))) AS part
    ),
    lasts AS (
        SELECT campaign, argMax(goals[1].window_ms, began) AS window_ms
        FROM campaigns
        WHERE began <= {as_of:DateTime64(3, 'UTC')}
        GROUP BY campaign
    ),
    -- An order belongs to the visitor on it if that one accepted a chat of the
    -- campaign, else to its person's first who did.
    takers AS (
        SELECT campaign, visitor_id, min(at) AS first FROM parted WHERE by = '' AND kind = 'accepted' GROUP BY campaign, visitor_id
    ),
    known AS (
        SELECT visitor_id, max(user_id) AS person
        FROM event_log
        WHERE name IN ('omo_merge', 'omo_chat', 'purchase', 'refund') AND user_id != '' AND received <= {as_of:DateTime64(3, 'UTC')} AND NOT bot AND visitor_id != ''
        GROUP BY visitor_id
    ),
    owners AS (
        SELECT campaign, visitor_id, visitor_id AS unit FROM takers
        UNION ALL
        SELECT p.campaign, k.visitor_id, p.unit
        FROM (
            SELECT t.campaign AS campaign, k.person AS person, argMin(t.visitor_id, (t.first, t.visitor_id)) AS unit
            FROM takers AS t INNER JOIN known AS k ON t.visitor_id = k.visitor_id
            GROUP BY campaign, person
        ) AS p INNER JOIN known AS k ON p.person = k.person
        WHERE (p.campaign, k.visitor_id) NOT IN (SELECT campaign, visitor_id FROM takers)
    ),
    orders AS (
        SELECT visitor_id, name, time, value, transaction_id, (received, seq, idx) AS place
        FROM event_log
        WHERE name IN ('purchase', 'refund') AND visitor_id IN (SELECT visitor_id FROM owners) AND received <= {as_of:DateTime64(3, 'UTC')} AND NOT bot
            AND time >= {from:DateTime64(3, 'UTC')} AND received >= {from:DateTime64(3, 'UTC')} - toIntervalDay(1)
        ORDER BY place
        LIMIT 1 BY event_id -- of copies the first
    ),
    did AS (
        SELECT w.campaign AS campaign, w.unit AS unit,
            groupArray((o.time, if(o.name = 'purchase', ifNull(o.value, 0), -abs(ifNull(o.value, 0))), o.name = 'purchase')::Tuple(at DateTime64(3, 'UTC'), amount Float64, bought Bool)) AS deeds
        FROM orders AS o INNER JOIN owners AS w ON o.visitor_id = w.visitor_id
        WHERE o.name = 'refund' OR o.transaction_id = '' OR (o.transaction_id, o.place) IN (
            SELECT transaction_id, min((received, seq, idx)) FROM event_log
            WHERE name = 'purchase' AND transaction_id IN (SELECT transaction_id FROM orders) AND received <= {as_of:DateTime64(3, 'UTC')} AND NOT bot AND visitor_id != ''
            GROUP BY transaction_id)
        GROUP BY campaign, unit
    ),
    -- One row a visitor of each part.
    people AS (
        SELECT p.campaign AS campaign, p.by AS by, p.part_key AS part_key, p.visitor_id AS visitor_id, p.invited AS invited, p.offered AS offered, p.accepted AS accepted,
            p.unmatched AS unmatched, p.answered AS answered, p.ended AS ended, p.waits AS waits, p.last AS last,
            if(l.window_ms > 0, l.window_ms, 259200000) AS window_ms,
            multiIf(p.answered > 0, 'answered', p.accepted > 0, 'unanswered', '') AS treated,
            if(treated = 'answered', p.first_answered, p.first_accepted) AS entered,
            entered + toIntervalMillisecond(window_ms) AS closes,
            if(treated = '', [], arrayFilter(f -> f.at >= entered AND f.at < closes, d.deeds)) AS deeds
        FROM (
            SELECT campaign, by, part_key, visitor_id,
                countIf(kind = 'invited') AS invited, countIf(kind = 'offered') AS offered, countIf(kind = 'accepted') AS accepted,
                countIf(kind = 'unmatched') AS unmatched, countIf(toUnixTimestamp64Milli(answered_at) > 0) AS answered, countIf(toUnixTimestamp64Milli(ended_at) > 0) AS ended,
                groupArrayIf(dateDiff('millisecond', at, answered_at), toUnixTimestamp64Milli(answered_at) > 0) AS waits,
                max(at) AS last, minIf(at, kind = 'accepted') AS first_accepted, minIf(at, toUnixTimestamp64Milli(answered_at) > 0) AS first_answered
            FROM parted
            GROUP BY campaign, by, part_key, visitor_id
        ) AS p
        LEFT JOIN lasts AS l ON l.campaign = p.campaign
        LEFT JOIN did AS d ON d.campaign = p.campaign AND d.unit = p.visitor_id
    )
