-- The row of a message that the person may see, and the lock under which it may be changed. Null fields: there is none.
--
-- Locks: the conversation's row.
-- Called by: delete_message, edit_message, pin_message, react.
CREATE OR REPLACE FUNCTION locked_message(conversation bigint, place bigint, person bigint,
                                          as_admin boolean)
RETURNS messages LANGUAGE plpgsql AS $$
DECLARE
    found_message messages;
BEGIN
    PERFORM FROM conversations c WHERE c.id = conversation FOR NO KEY UPDATE;
    SELECT s.* INTO found_message FROM messages s JOIN conversations c ON c.id = s.conversation_id
    WHERE s.conversation_id = conversation AND s.seq = place AND s.deleted_at IS NULL AND (as_admin OR EXISTS (
        SELECT FROM members m WHERE m.conversation_id = conversation AND m.user_id = person AND m.left_rev IS NULL
        AND (c.kind = 'public' OR m.joined_seq < place)));
    RETURN found_message;
END
$$;
