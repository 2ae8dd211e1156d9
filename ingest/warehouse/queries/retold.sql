-- Orders told more than once: the places of all tellings but the first (a row
-- that is there twice has one place), by which
-- what counts units leaves them out. Hashes say which they may be, since hundreds of
-- thousands of texts are slow to group.
SELECT transaction_id, arrayJoin(arrayPopFront(arraySort(groupUniqArray(bitShiftLeft(toUInt128(toUnixTimestamp64Milli(received)), 80) + bitShiftLeft(toUInt128(seq), 16) + idx)))) AS place
FROM event_log
WHERE name = 'purchase' AND transaction_id != '' AND received <= {as_of:DateTime64(3, 'UTC')} AND NOT bot AND cityHash64(transaction_id) IN (
    SELECT cityHash64(transaction_id) FROM event_log
    WHERE name = 'purchase' AND transaction_id != '' AND received <= {as_of:DateTime64(3, 'UTC')} AND NOT bot
    GROUP BY cityHash64(transaction_id)
    HAVING count() > 1)
GROUP BY transaction_id
