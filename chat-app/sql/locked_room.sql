-- Locks a room for an act that only its owners and administrators may do. Returns 'done', 'not_found' to this person, or
-- 'forbidden'.
--
-- Locks: the conversation's row.
-- Called by: create_hook, change_hook, create_webhook, change_webhook, redeliver.
CREATE OR REPLACE FUNCTION locked_room(conversation bigint, actor bigint, as_admin boolean) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    own text;
BEGIN
    PERFORM FROM conversations c WHERE c.id = conversation AND c.kind IN ('public', 'private') FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN 'not_found';
    END IF;
    SELECT m.role INTO own FROM members m
    WHERE m.conversation_id = conversation AND m.user_id = actor AND m.left_rev IS NULL;
    RETURN CASE WHEN as_admin OR own = 'owner' THEN 'done' WHEN own IS NULL THEN 'not_found' ELSE 'forbidden' END;
END
$$;
