-- The first number whose message is not older than `at`, give or take the time by which sends overlap: a binary search,
-- since numbers grow with time.
--
-- Locks: none.
-- Called by: find_messages.
CREATE OR REPLACE FUNCTION search_number(at timestamptz) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
    low  bigint;
    high bigint;
    mid  bigint;
    seen timestamptz;
BEGIN
    SELECT min(number), max(number) + 1 INTO low, high FROM searchable;
    WHILE low < high LOOP
        mid := (low + high) / 2 - CASE WHEN (low + high) < 0 AND (low + high) % 2 <> 0 THEN 1 ELSE 0 END;
        SELECT m.created_at INTO seen FROM searchable x JOIN messages m USING (conversation_id, seq)
        WHERE x.number >= mid ORDER BY x.number LIMIT 1;
        IF seen < at THEN
            low := mid + 1;
        ELSE
            high := mid;
        END IF;
    END LOOP;
    RETURN low;
END
$$;
