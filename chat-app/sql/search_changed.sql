-- Trigger: indexes a message again, also when one of its attachments changed.
--
-- Locks: none.
-- Called by: triggers search_changed on messages and search_attached on attachments.
CREATE OR REPLACE FUNCTION search_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM reindex_message(NEW.conversation_id, NEW.seq);
    RETURN NULL;
END
$$;
