-- Trigger: removes deleted messages from the index.
--
-- Locks: none.
-- Called by: trigger search_gone on messages.
CREATE OR REPLACE FUNCTION search_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM searchable x USING gone g WHERE x.conversation_id = g.conversation_id AND x.seq = g.seq;
    RETURN NULL;
END
$$;
