-- Search: what a message can be found by, kept beside the message by triggers, so that every way of writing keeps it.

-- The text search configuration of all vectors, set by `migrate`. Text and not regconfig, which pg_upgrade refuses in tables.
CREATE TABLE search_settings (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    language text    NOT NULL,
    -- Vectors up to this number are still those of the language before; null: none.
    stale_to bigint
);
INSERT INTO search_settings (language) VALUES ('simple');

-- In a table of its own, since a reaction gives its message a new row: there the GIN index would take all words again.
CREATE TABLE searchable (
    -- Grows with time over all conversations; messages from before this table have negative ones.
    number          bigint   PRIMARY KEY,
    conversation_id bigint   NOT NULL,
    seq             bigint   NOT NULL,
    -- The words of the text and of its files' names, and, as lexemes that no parser makes since they hold a space,
    -- `in 7` (conversation), `from 7` (sender), `has link|file|image` and the blocks of numbers that the message lies in:
    -- so one index scan intersects all that was asked for, within the newest numbers alone where these suffice.
    words           tsvector NOT NULL,
    UNIQUE (conversation_id, seq)
);
-- A short list of pending entries: without one a send takes several times as long; a send that empties a long one would
-- hold its conversation meanwhile, and searches read all of it.
CREATE INDEX searchable_words ON searchable USING gin (words) WITH (gin_pending_list_limit = 256);
CREATE SEQUENCE searchable_number OWNED BY searchable.number;

-- Rooms and people are searched in by what they are called.
CREATE INDEX conversations_title ON conversations (lower(title)) WHERE title IS NOT NULL;
CREATE INDEX users_display_name ON users (lower(display_name)) WHERE display_name IS NOT NULL;

-- What a message is found by. `files` are the names of its files, null where it has none; `images`, whether one is a picture.
-- The planner puts the expression in the place of the call: a call would take longer than all the rest of it.
CREATE FUNCTION search_words(language regconfig, number bigint, conversation bigint, sender bigint, body text, files text, images boolean)
RETURNS tsvector LANGUAGE sql IMMUTABLE AS $$
    SELECT to_tsvector(language, body || coalesce(' ' || files, ''))
        || array_to_tsvector(
               -- The numbers are powers of two, the sizes of the blocks.
               ARRAY['n10 ' || (number >> 10)::text, 'n14 ' || (number >> 14)::text, 'n18 ' || (number >> 18)::text,
                     'in ' || conversation::text, 'from ' || sender::text]
               || CASE WHEN body ~* 'https?://\S' THEN ARRAY['has link'] END
               || CASE WHEN files IS NOT NULL THEN ARRAY['has file'] END
               || CASE WHEN images THEN ARRAY['has image'] END)
$$;

-- The same for a message that may have files already.
CREATE FUNCTION search_words_of(number bigint, conversation bigint, place bigint, sender bigint, body text)
RETURNS tsvector LANGUAGE sql STABLE AS $$
    SELECT search_words(s.language::regconfig, number, conversation, sender, body, files.names, files.images)
    FROM search_settings s, LATERAL (
        SELECT string_agg(a.name, ' ' ORDER BY a.created_at, a.id) AS names, bool_or(a.media_type LIKE 'image/%') AS images
        FROM attachments a WHERE a.conversation_id = conversation AND a.seq = place) files
$$;

-- Files may have got their message before this or get it after: they have a trigger of their own.
CREATE FUNCTION search_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO searchable (number, conversation_id, seq, words)
    SELECT x.number, x.conversation_id, x.seq,
           search_words(x.language::regconfig, x.number, x.conversation_id, x.sender_id, x.body, NULL, NULL)
    -- OFFSET keeps the number from being taken for each use of it.
    FROM (SELECT nextval('searchable_number') AS number, s.language, a.* FROM search_settings s,
              (SELECT * FROM added WHERE deleted_at IS NULL ORDER BY created_at, conversation_id, seq) a OFFSET 0) x;
    PERFORM search_again(a.conversation_id, a.seq) FROM added a
    WHERE EXISTS (SELECT FROM attachments f WHERE f.conversation_id = a.conversation_id AND f.seq = a.seq);
    RETURN NULL;
END
$$;
CREATE TRIGGER search_added AFTER INSERT ON messages REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION search_added();

-- Says again what one message is found by: nothing once it is deleted.
CREATE FUNCTION search_again(conversation bigint, place bigint) RETURNS void LANGUAGE sql AS $$
    DELETE FROM searchable x USING messages m
    WHERE x.conversation_id = conversation AND x.seq = place
      AND m.conversation_id = conversation AND m.seq = place AND m.deleted_at IS NOT NULL;
    UPDATE searchable x SET words = search_words_of(x.number, m.conversation_id, m.seq, m.sender_id, m.body) FROM messages m
    WHERE x.conversation_id = conversation AND x.seq = place
      AND m.conversation_id = conversation AND m.seq = place AND m.deleted_at IS NULL;
$$;

CREATE FUNCTION search_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM search_again(NEW.conversation_id, NEW.seq);
    RETURN NULL;
END
$$;
CREATE TRIGGER search_changed AFTER UPDATE OF body, deleted_at ON messages FOR EACH ROW
    WHEN (OLD.body IS DISTINCT FROM NEW.body OR OLD.deleted_at IS DISTINCT FROM NEW.deleted_at)
    EXECUTE FUNCTION search_changed();
CREATE TRIGGER search_attached AFTER INSERT OR UPDATE OF seq, name, media_type ON attachments FOR EACH ROW
    WHEN (NEW.seq IS NOT NULL) EXECUTE FUNCTION search_changed();

CREATE FUNCTION search_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM searchable x USING gone g WHERE x.conversation_id = g.conversation_id AND x.seq = g.seq;
    RETURN NULL;
END
$$;
CREATE TRIGGER search_gone AFTER DELETE ON messages REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION search_gone();

-- The first number whose message is not older than this, give or take how long sends overlap.
CREATE FUNCTION search_number(at timestamptz) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
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

-- The newest messages below the number `below` that match and that the person may read, newest first.
-- `since` and `until` bound their time. A common word is found in the newest block and a rare one in an index scan over all;
-- one between them in blocks of growing size: whatever the word, some thousands of entries are looked at, not all that match.
CREATE FUNCTION find_messages(person bigint, wanted tsquery, since timestamptz, until timestamptz, below bigint, most integer)
RETURNS TABLE (number bigint, conversation_id bigint, seq bigint)
LANGUAGE plpgsql STABLE ROWS 20 AS $$
#variable_conflict use_column
DECLARE
    own     bigint[];
    top     bigint;
    lowest  bigint;
    bottom  bigint;
    level   integer := 10;
    query   tsquery;
    found_n integer;
BEGIN
    SELECT max(x.number), min(x.number) INTO top, lowest FROM searchable x;
    top := least(top, below - 1);
    -- Numbers follow time but for sends that overlap: those near a bound are looked at one by one.
    IF until IS NOT NULL THEN
        top := least(top, search_number(until + interval '1 minute'));
    END IF;
    IF since IS NOT NULL THEN
        lowest := greatest(lowest, search_number(since - interval '1 minute'));
    END IF;
    -- Who is in few conversations would look through everybody else's before their own: for them these are part of the query.
    SELECT array_agg(m.conversation_id) INTO own FROM (
        SELECT m.conversation_id FROM members m WHERE m.user_id = person AND m.left_rev IS NULL LIMIT 33) m;
    IF own IS NULL THEN
        RETURN;
    ELSIF cardinality(own) <= 32 THEN
        wanted := wanted && (SELECT string_agg(format('''in %s''', id), '|') FROM unnest(own) AS id)::tsquery;
    END IF;
    WHILE top >= lowest AND most > 0 LOOP
        IF level IS NULL THEN
            bottom := lowest;
            query := wanted;
        ELSE
            -- The block that `top` lies in and the one below it.
            bottom := greatest(lowest, ((top >> level) - 1) << level);
            query := wanted && format('''n%s %s'' | ''n%s %s''', level, top >> level, level, (top >> level) - 1)::tsquery;
        END IF;
        RETURN QUERY
        WITH hits AS MATERIALIZED (
            SELECT x.number, x.conversation_id, x.seq FROM searchable x WHERE x.words @@ query
        )
        SELECT h.number, h.conversation_id, h.seq
        FROM (SELECT * FROM hits WHERE hits.number BETWEEN bottom AND top ORDER BY hits.number DESC) h
        -- One by one from the newest, until there are enough: OFFSET keeps the planner from joining all of them.
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
        top := bottom - 1;
        -- After the largest block all that is left, unless nothing but times was asked for: then block by block.
        level := CASE WHEN level < 18 THEN level + 4 WHEN numnode(wanted) = 0 THEN level END;
    END LOOP;
END
$$;
