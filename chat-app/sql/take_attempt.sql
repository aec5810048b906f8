-- Counts an attempt, such as a login, against one or more limits, unless one of them is exhausted. A limit lets `burst` attempts
-- pass at once, and then one `every` so many seconds; an attempt waits for its turn if that takes at most `patience` seconds.
-- Returns whether the attempt is refused, and the seconds that it has to wait, or after which it may be repeated.
--
-- Locks: the rows of these keys, in their order, so that two attempts cannot wait for each other.
-- Called by: store/attempts.rs.
CREATE OR REPLACE FUNCTION take_attempt(
    keys bytea[], every float8[], burst float8[], patience float8[], OUT refused boolean, OUT wait float8
) LANGUAGE plpgsql AS $$
DECLARE
    moment timestamptz;
BEGIN
    INSERT INTO attempts AS a (key, clear_at) SELECT k, now() FROM unnest(keys) AS k ORDER BY k
    ON CONFLICT (key) DO UPDATE SET clear_at = a.clear_at;
    -- Not now(): waiting for the locks took time.
    moment := clock_timestamp();
    SELECT bool_or(t.late > t.patience),
           coalesce(max(t.late - t.patience) FILTER (WHERE t.late > t.patience), greatest(max(t.late), 0))
    INTO refused, wait
    FROM (SELECT extract(epoch FROM a.clear_at - moment)::float8 - (l.burst - 1) * l.every AS late, l.patience
          FROM unnest(keys, every, burst, patience) AS l (key, every, burst, patience)
          JOIN attempts a ON a.key = l.key) AS t;
    IF NOT refused THEN
        UPDATE attempts a SET clear_at = greatest(a.clear_at, moment) + make_interval(secs => l.every)
        FROM unnest(keys, every) AS l (key, every) WHERE a.key = l.key;
    END IF;
END
$$;
