-- Removes a member from a group or a room. A person may leave; an owner and an administrator may remove others. When
-- the last owner leaves, the person of longest standing becomes the owner.
-- Returns `outcome` ('done', 'not_found' to this person, or 'forbidden') and the first and the last rev that it took;
-- `rev` is null when there was nothing to change.
--
-- Locks: the conversation's row.
-- Called by: change_hook, leave_chat, store/rooms.rs, store/admin.rs.
CREATE OR REPLACE FUNCTION remove_member(conversation bigint, actor bigint, person bigint, as_admin boolean,
                                         OUT outcome text, OUT first bigint, OUT rev bigint)
LANGUAGE plpgsql AS $$
DECLARE
    own  text;
    heir bigint;
BEGIN
    SELECT c.rev + 1 INTO first FROM conversations c WHERE c.id = conversation AND c.kind <> 'direct' FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        outcome := 'not_found';
        RETURN;
    END IF;
    SELECT m.role INTO own FROM members m
    WHERE m.conversation_id = conversation AND m.user_id = actor AND m.left_rev IS NULL;
    IF own IS NULL AND NOT as_admin OR NOT EXISTS (
        SELECT FROM members m WHERE m.conversation_id = conversation AND m.user_id = person AND m.left_rev IS NULL) THEN
        outcome := 'not_found';
        RETURN;
    ELSIF actor <> person AND own IS DISTINCT FROM 'owner' AND NOT as_admin THEN
        outcome := 'forbidden';
        RETURN;
    END IF;
    rev := add_notice(conversation, CASE WHEN actor = person THEN 'left' ELSE 'removed' END, actor, nullif(person, actor), NULL);
    UPDATE members m SET left_rev = rev WHERE m.conversation_id = conversation AND m.user_id = person;
    DELETE FROM mentions x WHERE x.user_id = person AND x.conversation_id = conversation;
    IF NOT EXISTS (SELECT FROM members m WHERE m.conversation_id = conversation AND m.left_rev IS NULL AND m.role = 'owner') THEN
        SELECT m.user_id INTO heir FROM members m JOIN users u ON u.id = m.user_id AND NOT u.bot
        WHERE m.conversation_id = conversation AND m.left_rev IS NULL
        ORDER BY m.joined_rev, m.user_id LIMIT 1;
        IF heir IS NOT NULL THEN
            UPDATE members m SET role = 'owner' WHERE m.conversation_id = conversation AND m.user_id = heir;
            rev := add_notice(conversation, 'promoted', actor, heir, NULL);
        END IF;
    END IF;
    outcome := 'done';
END
$$;
