-- Changes the title and the topic of a group or a room. Every member may do so in a group, only owners in a room.
-- Returns `outcome` ('done', 'not_found' to this person, or 'forbidden') and the first and the last rev that it took;
-- `rev` is null when there was nothing to change.
--
-- Locks: the conversation's row.
-- Called by: store/rooms.rs, store/admin.rs.
CREATE OR REPLACE FUNCTION describe(conversation bigint, actor bigint, new_title text, new_topic text, as_admin boolean,
                                    OUT outcome text, OUT first bigint, OUT rev bigint)
LANGUAGE plpgsql AS $$
DECLARE
    room conversations;
    own  text;
BEGIN
    SELECT * INTO room FROM conversations c WHERE c.id = conversation AND c.kind <> 'direct' FOR NO KEY UPDATE;
    SELECT m.role INTO own FROM members m
    WHERE m.conversation_id = conversation AND m.user_id = actor AND m.left_rev IS NULL;
    IF room.id IS NULL OR own IS NULL AND NOT as_admin THEN
        outcome := 'not_found';
    ELSIF room.kind <> 'group' AND own IS DISTINCT FROM 'owner' AND NOT as_admin THEN
        outcome := 'forbidden';
    ELSE
        first := room.rev + 1;
        UPDATE conversations c SET title = new_title, topic = new_topic WHERE c.id = conversation;
        IF room.title IS DISTINCT FROM new_title THEN
            rev := add_notice(conversation, 'renamed', actor, NULL, new_title);
        END IF;
        IF room.topic <> new_topic THEN
            rev := add_notice(conversation, 'topic', actor, NULL, new_topic);
        END IF;
        outcome := 'done';
    END IF;
END
$$;
