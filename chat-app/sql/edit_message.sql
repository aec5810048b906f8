-- Changes the body of the person's own message, and whom it mentions: `called` are the names in the new body.
-- Returns `outcome` ('done', 'not_found' to this person, or 'forbidden') and the first and the last rev that it took;
-- `rev` is null when there was nothing to change.
--
-- Locks: the conversation's row, through locked_message.
-- Called by: store/messages.rs.
CREATE OR REPLACE FUNCTION edit_message(conversation bigint, place bigint, person bigint, new_body text, called text[],
                                        OUT outcome text, OUT first bigint, OUT rev bigint)
LANGUAGE plpgsql AS $$
DECLARE
    message messages := locked_message(conversation, place, person, false);
BEGIN
    IF message.seq IS NULL THEN
        outcome := 'not_found';
    ELSIF message.sender_id <> person THEN
        outcome := 'forbidden';
    ELSE
        outcome := 'done';
        IF message.body = new_body THEN
            RETURN;
        END IF;
        rev := next_rev(conversation);
        first := rev;
        UPDATE messages s SET body = new_body, edited_at = clock_timestamp(), rev = edit_message.rev,
                              sent_rev = coalesce(s.sent_rev, s.rev)
        WHERE s.conversation_id = conversation AND s.seq = place;
        PERFORM note_event(conversation, rev, place, 'message.edited');
        -- As in append_messages, the shorter of two names wins.
        called := ARRAY(
            SELECT u.name FROM users u
            WHERE u.name = ANY (called) AND (u.name !~ '[._-]$' OR NOT EXISTS (
                SELECT FROM users su
                JOIN members sm ON sm.conversation_id = conversation AND sm.user_id = su.id AND sm.left_rev IS NULL
                WHERE su.name = ANY (called) AND starts_with(u.name, su.name) AND su.name <> u.name
                  AND rtrim(su.name, '._-') = rtrim(u.name, '._-'))));
        DELETE FROM mentions x WHERE x.conversation_id = conversation AND x.seq = place
            AND x.user_id NOT IN (SELECT u.id FROM users u WHERE u.name = ANY (called));
        INSERT INTO mentions (user_id, conversation_id, seq)
        SELECT u.id, conversation, place FROM users u
        JOIN members m ON m.conversation_id = conversation AND m.user_id = u.id AND m.left_rev IS NULL
        WHERE u.name = ANY (called)
        ON CONFLICT DO NOTHING;
    END IF;
END
$$;
