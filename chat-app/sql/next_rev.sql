-- Takes the next rev of a conversation and announces it both ways, in `changes` and in the outbox.
--
-- Locks: none; the caller holds the conversation's row.
-- Called by: add_notice, delete_message, edit_message, pin_message, react.
CREATE OR REPLACE FUNCTION next_rev(conversation bigint) RETURNS bigint LANGUAGE sql AS $$
    WITH bumped AS (
        UPDATE conversations SET rev = rev + 1 WHERE id = conversation RETURNING rev
    ), announced AS (
        INSERT INTO changes (conversation_id, rev) SELECT conversation, rev FROM bumped
    ), queued AS (
        INSERT INTO outbox (conversation_id, rev) SELECT conversation, rev FROM bumped
    )
    SELECT rev FROM bumped
$$;
