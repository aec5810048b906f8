-- Finds the newest messages below the number `below` that match and that the person may read, newest first. `since` and
-- `until` bound their time.
--
-- It searches in steps from the newest number on: some thousand numbers at first, then as many as the hits so far make
-- likely to be enough. So the cost depends on how many hits a page shows, not on how many there are.
--
-- Locks: none.
-- Called by: store/search.rs.
CREATE OR REPLACE FUNCTION find_messages(person bigint, wanted tsquery, since timestamptz, until timestamptz,
                                         below bigint, most integer)
RETURNS TABLE (number bigint, conversation_id bigint, seq bigint)
LANGUAGE plpgsql STABLE ROWS 20
-- Plan once per connection, and not for the words of the first search.
SET plan_cache_mode = force_generic_plan
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    own        bigint[];
    top        bigint;
    lowest     bigint;
    bottom     bigint;
    width      bigint := 1536;
    level      integer;
    blocks     tsquery;
    one_by_one boolean;
    looked     bigint := 0;
    found      bigint := 0;
    found_n    bigint;
BEGIN
    SELECT max(x.number), min(x.number) INTO top, lowest FROM searchable x;
    top := least(top, below - 1);
    -- Numbers follow time except for sends that overlap: near a bound the time itself is checked, below.
    IF until IS NOT NULL THEN
        top := least(top, search_number(until + interval '1 minute'));
    END IF;
    IF since IS NOT NULL THEN
        lowest := greatest(lowest, search_number(since - interval '1 minute'));
    END IF;
    -- A person in few conversations would read the hits of everybody else's first: for them the query names these.
    SELECT array_agg(m.conversation_id) INTO own FROM (
        SELECT m.conversation_id FROM members m WHERE m.user_id = person AND m.left_rev IS NULL LIMIT 33) m;
    IF own IS NULL THEN
        RETURN;
    ELSIF cardinality(own) <= 32 THEN
        wanted := wanted && (SELECT string_agg(format('''in %s''', id), '|') FROM unnest(own) AS id)::tsquery;
    END IF;
    WHILE top >= lowest AND most > 0 LOOP
        level := CASE WHEN width <= 24 << 10 THEN 10 WHEN width <= 24 << 14 THEN 14 ELSE 18 END;
        bottom := greatest(lowest, ((top - width) >> level) << level);
        -- To look up many blocks takes longer than to read the remaining numbers without them.
        IF (top - bottom) >> level > 40 THEN
            bottom := lowest;
            blocks := NULL;
        ELSE
            blocks := (SELECT string_agg(format('''n%s %s''', level, block), '|')
                       FROM generate_series(bottom >> level, top >> level) block)::tsquery;
        END IF;
        -- For a prefix, the index reads all words that begin so before it can skip. So the newest messages are read one by
        -- one first; where these hold too few hits, few words begin so.
        one_by_one := numnode(wanted) = 0 OR looked = 0 AND strpos(wanted::text, ':*') > 0;
        RETURN QUERY
        -- Blocks and words are separate conditions, so that the index scan skips from an entry of the one to the next of
        -- the other. In one condition it would visit each message of the blocks.
        WITH hits AS MATERIALIZED (
            SELECT x.number, x.conversation_id, x.seq FROM searchable x
            WHERE NOT one_by_one AND x.words @@ blocks AND x.words @@ wanted
            UNION ALL
            SELECT x.number, x.conversation_id, x.seq FROM searchable x
            WHERE NOT one_by_one AND blocks IS NULL AND x.words @@ wanted
            UNION ALL
            SELECT x.number, x.conversation_id, x.seq FROM searchable x
            WHERE one_by_one AND x.number BETWEEN bottom AND top AND (numnode(wanted) = 0 OR x.words @@ wanted)
        )
        SELECT h.number, h.conversation_id, h.seq
        FROM (SELECT * FROM hits WHERE hits.number BETWEEN bottom AND top ORDER BY hits.number DESC) h
        -- One by one from the newest, until there are enough: OFFSET 0 keeps the planner from joining all hits.
        CROSS JOIN LATERAL (
            SELECT FROM members m
            JOIN conversations c ON c.id = m.conversation_id
            JOIN messages s ON s.conversation_id = m.conversation_id AND s.seq = h.seq
            WHERE m.conversation_id = h.conversation_id AND m.user_id = person AND m.left_rev IS NULL
              AND (c.kind = 'public' OR h.seq > m.joined_seq)
              AND s.deleted_at IS NULL
              AND (since IS NULL OR s.created_at >= since) AND (until IS NULL OR s.created_at < until)
            OFFSET 0) readable
        LIMIT most;
        GET DIAGNOSTICS found_n = ROW_COUNT;
        most := most - found_n;
        found := found + found_n;
        looked := looked + top - bottom + 1;
        -- A quarter more than the hits so far make likely, and at most eight times what was searched.
        width := greatest(1024, least(8 * looked, 5 * most * looked / greatest(1, 4 * found)));
        top := bottom - 1;
    END LOOP;
END
$$;
