-- Adds people to a group or a room. Every member may do so in a group and a public room, only owners in a private one.
-- People who are members already, are disabled or have deleted their account are skipped.
-- Returns `outcome` ('done', 'not_found' to this person, or 'forbidden') and the first and the last rev that it took;
-- `rev` is null when there was nothing to change.
--
-- Locks: the conversation's row.
-- Called by: store/rooms.rs.
CREATE OR REPLACE FUNCTION add_people(conversation bigint, actor bigint, people bigint[],
                                      OUT outcome text, OUT first bigint, OUT rev bigint)
LANGUAGE plpgsql AS $$
DECLARE
    room   conversations;
    own    text;
    person bigint;
BEGIN
    SELECT * INTO room FROM conversations c WHERE c.id = conversation AND c.kind <> 'direct' FOR NO KEY UPDATE;
    SELECT m.role INTO own FROM members m
    WHERE m.conversation_id = conversation AND m.user_id = actor AND m.left_rev IS NULL;
    IF room.id IS NULL OR own IS NULL THEN
        outcome := 'not_found';
    ELSIF room.kind = 'private' AND own <> 'owner' THEN
        outcome := 'forbidden';
    ELSE
        first := room.rev + 1;
        FOR person IN SELECT u.id FROM users u WHERE u.id = ANY (people)
                      AND u.disabled_at IS NULL AND NOT u.former ORDER BY u.id LOOP
            rev := coalesce(add_member(conversation, 'added', actor, person, 'member'), rev);
        END LOOP;
        outcome := 'done';
    END IF;
END
$$;
