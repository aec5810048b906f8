-- Makes a member an owner, or an owner a member. Owners and administrators may do so; the last owner stays one, and an
-- integration becomes none.
-- Returns `outcome` ('done', 'not_found' to this person, or 'forbidden') and the first and the last rev that it took;
-- `rev` is null when there was nothing to change.
--
-- Locks: the conversation's row.
-- Called by: store/rooms.rs.
CREATE OR REPLACE FUNCTION set_role(conversation bigint, actor bigint, person bigint, new_role text, as_admin boolean,
                                    OUT outcome text, OUT first bigint, OUT rev bigint)
LANGUAGE plpgsql AS $$
DECLARE
    own text;
    was text;
BEGIN
    SELECT c.rev + 1 INTO first FROM conversations c WHERE c.id = conversation AND c.kind <> 'direct' FOR NO KEY UPDATE;
    SELECT m.role INTO own FROM members m
    WHERE m.conversation_id = conversation AND m.user_id = actor AND m.left_rev IS NULL;
    SELECT m.role INTO was FROM members m
    WHERE m.conversation_id = conversation AND m.user_id = person AND m.left_rev IS NULL;
    IF was IS NULL OR own IS NULL AND NOT as_admin THEN
        outcome := 'not_found';
    ELSIF own IS DISTINCT FROM 'owner' AND NOT as_admin THEN
        outcome := 'forbidden';
    ELSIF new_role = 'owner' AND EXISTS (SELECT FROM users u WHERE u.id = person AND u.bot) THEN
        outcome := 'forbidden';
    ELSIF new_role = 'member' AND was = 'owner' AND (
        SELECT count(*) FROM members m
        WHERE m.conversation_id = conversation AND m.left_rev IS NULL AND m.role = 'owner') = 1 THEN
        outcome := 'forbidden';
    ELSE
        IF was <> new_role THEN
            UPDATE members m SET role = new_role WHERE m.conversation_id = conversation AND m.user_id = person;
            rev := add_notice(conversation, CASE new_role WHEN 'owner' THEN 'promoted' ELSE 'demoted' END, actor, person, NULL);
        END IF;
        outcome := 'done';
    END IF;
END
$$;
