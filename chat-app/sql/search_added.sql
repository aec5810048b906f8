-- Trigger: queues new messages for the index. Not the messages of an import, which are older than others: their numbers come
-- when all of them are there (store/search/index.rs).
--
-- Locks: none.
-- Called by: trigger search_added on messages.
CREATE OR REPLACE FUNCTION search_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('confab.importing', true) = 'on' THEN
        RETURN NULL;
    END IF;
    INSERT INTO unindexed (conversation_id, seq) SELECT a.conversation_id, a.seq FROM added a;
    RETURN NULL;
END
$$;
