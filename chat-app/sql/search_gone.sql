-- Trigger: removes deleted messages from the index. They are queued too, in case they are being added at this moment.
--
-- Locks: none.
-- Called by: trigger search_gone on messages.
CREATE OR REPLACE FUNCTION search_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM searchable x USING gone g WHERE x.conversation_id = g.conversation_id AND x.seq = g.seq;
    INSERT INTO unindexed (conversation_id, seq) SELECT g.conversation_id, g.seq FROM gone g;
    RETURN NULL;
END
$$;
