-- A shop's half year, made of numbers: {events} events in all, of 3 visitors in a
-- hundred events. Ten campaigns: two run all the time, four for 14 days, four for
-- 28. Who is exposed when and who buys follows from a visitor's number, so that
-- the test knows every answer without counting.
--
-- made are the campaigns: number, first day, days, visitors a day at full size.
CREATE TABLE made (c UInt8, first UInt16, days UInt16, a_day UInt32) ENGINE = Memory;

INSERT INTO made VALUES (0, 0, 182, 4000), (1, 0, 182, 4000), (2, 20, 14, 9000), (3, 60, 14, 9000), (4, 100, 14, 9000), (5, 150, 14, 9000),
    (6, 10, 28, 9000), (7, 50, 28, 9000), (8, 90, 28, 9000), (9, 130, 28, 9000);

-- units are the visitors who are exposed: k-th of campaign c, at t0.
CREATE VIEW units AS
SELECT c, k, intDiv(a_day * {events:UInt64}, 100000000) AS daily,
    toDateTime64('2026-01-01 00:00:00', 3, 'UTC') + toIntervalMillisecond(first * 86400000 + intDiv(k * 86400000, daily)) AS t0,
    concat('018f0000-0000-7000-8000-', toString(100000000000 + c * 1000000000 + k)) AS visitor, if(k % 5 = 0, 'control', 'a') AS variant
FROM made ARRAY JOIN range(daily * days) AS k;

-- What the shop's pages send. Their time rises with their number, so that an
-- insert is of one month, as those of a loader are.
INSERT INTO event_log (event_id, visitor_id, unit, name, time, received, seq, ledger, session_id, new_visitor, consent, path, channel, device_type, os, browser, language, country, value, currency, raw) SETTINGS optimize_on_insert = 0, min_insert_block_size_rows = 250000, min_insert_block_size_bytes = 0
SELECT reinterpretAsUUID(sipHash128('page', number)), concat('018f0000-0000-7000-8000-', toString(100000000000 + h % 10 * 1000000000 + intDiv(h, 10) % greatest(1, intDiv({events:UInt64} * 3, 1000)))), '',
    multiIf(number % 100 < 68, 'page_view', number % 100 < 93, 'view_item', number % 100 < 97, 'add_to_cart', 'omo_engagement') AS name,
    toDateTime64('2026-01-01 00:00:00', 3, 'UTC') + toIntervalMillisecond(intDiv(number * 15724800, intDiv({events:UInt64} * 83, 100)) * 1000 + h % 1000) AS time, time + toIntervalMillisecond(300), number, 'made',
    toString(number % 7), number % 7 = 0, 'granted', concat('/items/', toString(h % 5000)), transform(h % 3, [0, 1], ['direct', 'search'], 'email'), if(h % 2 = 0, 'mobile', 'desktop'), 'iOS', 'Safari', 'ja', 'JP',
    if(name = 'add_to_cart', 1000 + h % 9000, NULL), if(name = 'add_to_cart', 'JPY', ''), '{"name":"page_view"}'
FROM (SELECT number, sipHash64(number) AS h FROM numbers(intDiv({events:UInt64} * 83, 100)));

-- Decisions: three an exposure, one of which offers.
INSERT INTO event_log (event_id, visitor_id, unit, name, time, received, seq, ledger, session_id, consent, path, decision_id, rules, outcome.campaign, outcome.reason, outcome.variant, outcome.phase, raw) SETTINGS optimize_on_insert = 0, min_insert_block_size_rows = 250000, min_insert_block_size_bytes = 0
SELECT reinterpretAsUUID(sipHash128('decision', c, k, n)) AS event_id, visitor, '', 'omo_decision', t0 - toIntervalMillisecond(n * 60000 + 50) AS time, time + toIntervalMillisecond(2), 1000000000 + k, 'made', concat(visitor, '.1'), 'granted', '/',
    toString(event_id), 'made', [concat('c', toString(c)), concat('c', toString((c + 1) % 10))], [if(n > 0, 'frequency', if(variant = 'control', 'control', 'offered')), 'out_of_schedule'], [if(n > 0, '', variant), ''], [concat('p', toString(c)), ''],
    concat('{"id":"', toString(event_id), '","visitor":"', visitor, '","name":"omo_decision"}')
FROM units CROSS JOIN (SELECT number AS n FROM numbers(3)) AS each;

-- Twenty people of the shop looked at every variant, often.
INSERT INTO event_log (event_id, visitor_id, unit, name, time, received, seq, ledger, decision_id, outcome.campaign, outcome.reason, outcome.variant, outcome.phase, campaign, variant, phase, raw) SETTINGS optimize_on_insert = 0, min_insert_block_size_rows = 250000, min_insert_block_size_bytes = 0
SELECT reinterpretAsUUID(sipHash128('preview', number, seen)), concat('preview-', toString(number % 20)), '', if(seen, 'omo_exposure', 'omo_decision'),
    toDateTime64('2026-01-01 00:00:00', 3, 'UTC') + toIntervalSecond(number * 7800) AS time, time, 2000000000 + number, 'made', toString(reinterpretAsUUID(sipHash128('preview', number))),
    if(seen, [], ['c' || toString(number % 10)]), if(seen, [], ['forced']), if(seen, [], ['a']), if(seen, [], ['p' || toString(number % 10)]),
    if(seen, 'c' || toString(number % 10), ''), if(seen, 'a', ''), if(seen, 'p' || toString(number % 10), ''), '{}'
FROM numbers(2000) ARRAY JOIN [false, true] AS seen;

-- Each unit is exposed twice, a day apart; one of a thousand sees the other variant then.
INSERT INTO event_log (event_id, visitor_id, unit, name, time, received, seq, ledger, session_id, new_visitor, consent, path, channel, device_type, country, campaign, variant, phase, decision_id, raw) SETTINGS optimize_on_insert = 0, min_insert_block_size_rows = 250000, min_insert_block_size_bytes = 0
SELECT reinterpretAsUUID(sipHash128('exposure', c, k, n)) AS event_id, visitor, '', 'omo_exposure', t0 + toIntervalDay(n) AS time, time + toIntervalMillisecond(400), 3000000000 + k, 'made', concat(visitor, '.1'), k % 2 = 0, 'granted', '/',
    ['direct', 'search', 'social', 'email', 'paid'][k % 5 + 1], ['mobile', 'desktop', 'tablet'][k % 3 + 1], 'JP', 'c' || toString(c), if(n = 1 AND k % 1000 = 999, if(variant = 'a', 'control', 'a'), variant), 'p' || toString(c),
    toString(reinterpretAsUUID(sipHash128('decision', c, k, 0))), concat('{"id":"', toString(event_id), '","visitor":"', visitor, '","name":"omo_exposure"}')
FROM units CROSS JOIN (SELECT number AS n FROM numbers(2)) AS each;

-- One in ten closes it, one in twenty clicks.
INSERT INTO event_log (event_id, visitor_id, unit, name, time, received, seq, ledger, session_id, consent, campaign, variant, phase, decision_id, raw) SETTINGS optimize_on_insert = 0, min_insert_block_size_rows = 250000, min_insert_block_size_bytes = 0
SELECT reinterpretAsUUID(sipHash128('reaction', c, k)) AS event_id, visitor, '', if(k % 20 = 3, 'omo_click', 'omo_close'), t0 + toIntervalSecond(9) AS time, time + toIntervalMillisecond(400), 4000000000 + k, 'made', concat(visitor, '.1'), 'granted',
    'c' || toString(c), variant, 'p' || toString(c), toString(reinterpretAsUUID(sipHash128('decision', c, k, 0))), concat('{"id":"', toString(event_id), '"}')
FROM units WHERE variant = 'a' AND (k % 20 = 3 OR k % 10 = 7);

-- Orders of units: in the window (3 % of control, 4 % of the others, some told
-- twice, some taken back in part), two days before, 80 hours after, and of one in
-- 400 from the second browser of the same person, who is known by a merge.
INSERT INTO event_log (event_id, visitor_id, user_id, unit, name, time, received, seq, ledger, session_id, consent, path, value, currency, transaction_id, raw) SETTINGS optimize_on_insert = 0, min_insert_block_size_rows = 250000, min_insert_block_size_bytes = 0
SELECT reinterpretAsUUID(sipHash128('order', c, k, what.1)) AS event_id, if(what.1 = 'elsewhere', 'other-', '') || visitor, if(what.1 = 'elsewhere', 'u-' || visitor, ''), '', if(what.1 = 'refund', 'refund', 'purchase'),
    t0 + toIntervalMinute(what.3) AS time, time + toIntervalMillisecond(400), 5000000000 + k * 10 + (what.1 = 'again'), 'made', visitor || '.1', 'granted', '/thanks',
    if(what.1 = 'refund', 500, 1000 + k % 50 * 100), 'JPY', 'T' || toString(c) || '-' || toString(k) || '-' || if(what.1 IN ('again', 'refund'), 'inside', what.1), '{"id":"' || toString(event_id) || '"}'
FROM (SELECT *, intDiv(k, 5) AS j FROM units) ARRAY JOIN arrayFilter(w -> w.2, [
    ('inside', j % 100 < if(variant = 'control', 3, 4), 60), ('again', j % 10000 = 1, 90), ('refund', j % 1000 = 2, 600),
    ('before', j % 100 IN (50, 51), -2880), ('after', j % 100 IN (60, 61), 4800), ('elsewhere', k % 400 = 7, 120)]) AS what;

INSERT INTO event_log (event_id, visitor_id, user_id, unit, name, time, received, seq, ledger, raw) SETTINGS optimize_on_insert = 0, min_insert_block_size_rows = 250000, min_insert_block_size_bytes = 0
SELECT reinterpretAsUUID(sipHash128('merge', c, k, other)), if(other, 'other-', '') || visitor, 'u-' || visitor, '', 'omo_merge', t0 + toIntervalMinute(100) AS time, time, 6000000000 + k, 'made', '{}'
FROM (SELECT * FROM units WHERE k % 400 = 7) ARRAY JOIN [false, true] AS other;

-- Orders of guests, whom no campaign met; some are of bots.
INSERT INTO event_log (event_id, visitor_id, unit, name, time, received, seq, ledger, session_id, bot, consent, path, value, currency, transaction_id, raw) SETTINGS optimize_on_insert = 0, min_insert_block_size_rows = 250000, min_insert_block_size_bytes = 0
SELECT reinterpretAsUUID(sipHash128('guest', number)) AS event_id, concat('018f0000-0000-7000-8000-', toString(200000000000 + h % greatest(1, intDiv({events:UInt64}, 200)))) AS visitor_id, '', 'purchase',
    toDateTime64('2026-01-01 00:00:00', 3, 'UTC') + toIntervalMillisecond(intDiv(number * 15724800, intDiv({events:UInt64}, 100)) * 1000 + h % 1000) AS time, time + toIntervalMillisecond(300), 7000000000 + number, 'made',
    visitor_id || '.1', number % 100 = 0, 'granted', '/thanks', 1000 + h % 9000, 'JPY', 'G' || toString(number), '{"id":"' || toString(event_id) || '"}'
FROM (SELECT number, sipHash64('guest', number) AS h FROM numbers(intDiv({events:UInt64}, 100)));

-- The rules say what the campaigns are.
INSERT INTO event_log (event_id, name, time, received, ledger, rules, raw) SETTINGS optimize_on_insert = 0, min_insert_block_size_rows = 250000, min_insert_block_size_bytes = 0
SELECT reinterpretAsUUID(sipHash128('rules')), 'omo_rules', toDateTime64('2025-12-31 00:00:00', 3, 'UTC') AS time, time, 'made', 'made',
    '{"properties":{"campaigns":[' || arrayStringConcat(groupArray(format('{{"id":"c{0}","phase":"p{0}","status":"live","name":"Campaign {0}","arms":[{{"variant":"control","weight":20,"control":true}},{{"variant":"a","weight":80}}],"goals":[{{"event":"purchase","window_ms":259200000,"value":"value"}}]}}', toString(c))), ',') || ']}}'
FROM made;
