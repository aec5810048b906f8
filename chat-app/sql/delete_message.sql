-- Replaces a message with a tombstone and deletes what belonged to it. The sender, an owner of the room and an
-- administrator may do so.
-- Returns `outcome` ('done', 'not_found' to this person, or 'forbidden') and the first and the last rev that it took;
-- `rev` is null when there was nothing to change.
--
-- Locks: the conversation's row, through locked_message.
-- Called by: store/messages.rs, store/admin.rs, store/housekeeping.rs.
CREATE OR REPLACE FUNCTION delete_message(conversation bigint, place bigint, person bigint, as_admin boolean,
                                          OUT outcome text, OUT first bigint, OUT rev bigint)
LANGUAGE plpgsql AS $$
DECLARE
    message messages := locked_message(conversation, place, person, as_admin);
BEGIN
    IF message.seq IS NULL THEN
        outcome := 'not_found';
    ELSIF message.sender_id <> person AND NOT as_admin AND NOT EXISTS (
        SELECT FROM members m JOIN conversations c ON c.id = m.conversation_id
        WHERE m.conversation_id = conversation AND m.user_id = person AND m.left_rev IS NULL AND m.role = 'owner'
          AND c.kind <> 'direct') THEN
        outcome := 'forbidden';
    ELSE
        rev := next_rev(conversation);
        first := rev;
        UPDATE messages s SET body = '', deleted_at = clock_timestamp(), edited_at = NULL, reply_to = NULL,
                              rev = delete_message.rev, sent_rev = coalesce(s.sent_rev, s.rev)
        WHERE s.conversation_id = conversation AND s.seq = place;
        INSERT INTO tombstones VALUES (conversation, place);
        DELETE FROM reactions r WHERE r.conversation_id = conversation AND r.seq = place;
        DELETE FROM pins p WHERE p.conversation_id = conversation AND p.seq = place;
        DELETE FROM saved v WHERE v.conversation_id = conversation AND v.seq = place;
        DELETE FROM mentions x WHERE x.conversation_id = conversation AND x.seq = place;
        DELETE FROM attachments a WHERE a.conversation_id = conversation AND a.seq = place;
        outcome := 'done';
    END IF;
END
$$;
