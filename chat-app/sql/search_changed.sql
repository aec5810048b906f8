-- Trigger: queues a message for the index again, also when one of its attachments changed. Not during an import, as in
-- search_added.
--
-- Locks: none.
-- Called by: triggers search_changed on messages and search_attached on attachments.
CREATE OR REPLACE FUNCTION search_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('confab.importing', true) = 'on' THEN
        RETURN NULL;
    END IF;
    INSERT INTO unindexed (conversation_id, seq) VALUES (NEW.conversation_id, NEW.seq);
    RETURN NULL;
END
$$;
