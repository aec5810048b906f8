-- Creates a hook with an account of its own, and adds the account to the room. Owners of the room and administrators may do
-- so; a room has at most 50 hooks. `account` is the account's login name and `called` the name that people see.
-- Returns `outcome` ('done', 'not_found' to this person, 'forbidden' or 'full') and the first and the last rev that it took.
--
-- Locks: the conversation's row, through locked_room.
-- Called by: store/hooks.rs.
CREATE OR REPLACE FUNCTION create_hook(conversation bigint, actor bigint, as_admin boolean, what text, account text,
                                       called text, token bytea, OUT outcome text, OUT first bigint, OUT rev bigint)
LANGUAGE plpgsql AS $$
DECLARE
    bot bigint;
BEGIN
    outcome := locked_room(conversation, actor, as_admin);
    IF outcome = 'done' AND (SELECT count(*) FROM hooks h WHERE h.conversation_id = conversation) >= 50 THEN
        outcome := 'full';
    END IF;
    IF outcome <> 'done' THEN
        RETURN;
    END IF;
    INSERT INTO users (name, password_hash, display_name, bot, share_presence, share_typing, share_receipts)
    VALUES (account, '', called, true, false, false, false) RETURNING id INTO bot;
    rev := add_member(conversation, 'added', actor, bot, 'member');
    first := rev;
    INSERT INTO hooks (conversation_id, bot_id, kind, token_hash, created_by)
    VALUES (conversation, bot, what, token, actor);
    INSERT INTO audit_log (actor_id, act, subject_id, conversation_id) VALUES (actor, 'hook_create', bot, conversation);
END
$$;
