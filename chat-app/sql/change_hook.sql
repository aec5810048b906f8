-- What an owner of the room or an administrator does to a hook: `save` (its name, and whether it chooses rooms), `rotate`
-- (another token), `disable`, `enable` or `delete`. A deleted hook's account leaves its rooms and keeps its messages.
-- Returns `outcome` ('done', 'not_found' to this person, or 'forbidden') and the first and the last rev that it took in the
-- hook's own room; `rev` is null when there was nothing to change there.
--
-- Locks: the rows of the rooms that the account is in, in the order of their ids, when it is deleted; the conversation's row,
-- through locked_room.
-- Called by: store/hooks.rs.
CREATE OR REPLACE FUNCTION change_hook(conversation bigint, hook bigint, actor bigint, as_admin boolean, what text,
                                       called text, chooses boolean, token bytea,
                                       OUT outcome text, OUT first bigint, OUT rev bigint)
LANGUAGE plpgsql AS $$
DECLARE
    changed hooks;
    place   bigint;
    gone    record;
BEGIN
    IF what = 'delete' THEN
        PERFORM FROM conversations c
        WHERE c.id = conversation OR c.id IN (
            SELECT m.conversation_id FROM members m JOIN hooks h ON h.bot_id = m.user_id WHERE h.id = hook AND m.left_rev IS NULL)
        ORDER BY c.id FOR NO KEY UPDATE;
    END IF;
    outcome := locked_room(conversation, actor, as_admin);
    IF outcome <> 'done' THEN
        RETURN;
    END IF;
    UPDATE hooks h SET
        token_hash = CASE what WHEN 'rotate' THEN token ELSE h.token_hash END,
        chooses_room = CASE what WHEN 'save' THEN chooses ELSE h.chooses_room END,
        disabled_at = CASE what WHEN 'disable' THEN coalesce(h.disabled_at, now()) WHEN 'enable' THEN NULL ELSE h.disabled_at END
    WHERE h.id = hook AND h.conversation_id = conversation RETURNING h.* INTO changed;
    IF changed.id IS NULL THEN
        outcome := 'not_found';
        RETURN;
    ELSIF what = 'save' THEN
        UPDATE users u SET display_name = called WHERE u.id = changed.bot_id;
    ELSIF what = 'delete' THEN
        DELETE FROM hooks h WHERE h.id = hook;
        UPDATE users u SET disabled_at = now() WHERE u.id = changed.bot_id;
        FOR place IN SELECT m.conversation_id FROM members m WHERE m.user_id = changed.bot_id AND m.left_rev IS NULL
                     ORDER BY m.conversation_id LOOP
            SELECT * INTO gone FROM remove_member(place, actor, changed.bot_id, true);
            IF place = conversation THEN
                first := gone.first;
                rev := gone.rev;
            END IF;
        END LOOP;
    END IF;
    INSERT INTO audit_log (actor_id, act, subject_id, conversation_id)
    VALUES (actor, 'hook_' || what, changed.bot_id, conversation);
END
$$;
