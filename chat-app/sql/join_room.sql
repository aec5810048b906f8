-- Adds the person to a public room.
-- Returns `outcome` ('done', 'not_found' to this person, or 'forbidden') and the first and the last rev that it took;
-- `rev` is null when there was nothing to change.
--
-- Locks: the conversation's row.
-- Called by: store/rooms.rs.
CREATE OR REPLACE FUNCTION join_room(conversation bigint, person bigint,
                                     OUT outcome text, OUT first bigint, OUT rev bigint)
LANGUAGE plpgsql AS $$
BEGIN
    SELECT c.rev + 1 INTO first FROM conversations c WHERE c.id = conversation AND c.kind = 'public' FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        outcome := 'not_found';
        RETURN;
    END IF;
    rev := add_member(conversation, 'joined', person, person, 'member');
    outcome := 'done';
END
$$;
