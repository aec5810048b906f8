-- Indexes a message again after it changed; removes the entry of a deleted message.
--
-- Locks: the message's entry.
-- Called by: search_added, search_changed.
CREATE OR REPLACE FUNCTION reindex_message(conversation bigint, place bigint) RETURNS void LANGUAGE sql AS $$
    DELETE FROM searchable x USING messages m
    WHERE x.conversation_id = conversation AND x.seq = place
      AND m.conversation_id = conversation AND m.seq = place AND m.deleted_at IS NOT NULL;
    UPDATE searchable x SET words = search_words_of(x.number, m.conversation_id, m.seq, m.sender_id, m.body) FROM messages m
    WHERE x.conversation_id = conversation AND x.seq = place
      AND m.conversation_id = conversation AND m.seq = place AND m.deleted_at IS NULL;
$$;
