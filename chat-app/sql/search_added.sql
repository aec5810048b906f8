-- Trigger: indexes new messages. Attachments get their message before this or after it, and so have a trigger of their
-- own. Not the messages of an import, which are older than others: their numbers come when all of them are there
-- (store/search/index.rs).
--
-- Locks: none.
-- Called by: trigger search_added on messages.
CREATE OR REPLACE FUNCTION search_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('confab.importing', true) = 'on' THEN
        RETURN NULL;
    END IF;
    INSERT INTO searchable (number, conversation_id, seq, words)
    SELECT x.number, x.conversation_id, x.seq,
           search_words(x.language::regconfig, x.number, x.conversation_id, x.sender_id, x.body, NULL, NULL)
    -- OFFSET 0 keeps the planner from calling nextval once for each use of the number.
    FROM (SELECT nextval('searchable_number') AS number, s.language, a.* FROM search_settings s,
              (SELECT * FROM added WHERE deleted_at IS NULL ORDER BY created_at, conversation_id, seq) a OFFSET 0) x;
    PERFORM reindex_message(a.conversation_id, a.seq) FROM added a
    WHERE EXISTS (SELECT FROM attachments f WHERE f.conversation_id = a.conversation_id AND f.seq = a.seq);
    RETURN NULL;
END
$$;
