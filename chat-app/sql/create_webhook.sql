-- Creates an outgoing webhook, which gets what happens from now on. Owners of the room may do so, and no administrator, who
-- would read the messages of a room that they are not in. A room has at most 20.
-- Returns `outcome` ('done', 'not_found' to this person, 'forbidden' or 'full') and the id.
--
-- Locks: the conversation's row, through locked_room.
-- Called by: store/webhooks.rs.
CREATE OR REPLACE FUNCTION create_webhook(conversation bigint, actor bigint, called text, target text, wanted text[],
                                          new_salt bytea, hash bytea, OUT outcome text, OUT id bigint)
LANGUAGE plpgsql AS $$
BEGIN
    outcome := locked_room(conversation, actor, false);
    IF outcome = 'done' AND (SELECT count(*) FROM webhooks w WHERE w.conversation_id = conversation) >= 20 THEN
        outcome := 'full';
    END IF;
    IF outcome <> 'done' THEN
        RETURN;
    END IF;
    INSERT INTO webhooks AS w (conversation_id, name, url, events, salt, secret_hash, created_by, seq, rev)
    SELECT c.id, called, target, wanted, new_salt, hash, actor, c.last_seq, c.rev FROM conversations c WHERE c.id = conversation
    RETURNING w.id INTO create_webhook.id;
    INSERT INTO audit_log (actor_id, act, conversation_id, detail) VALUES (actor, 'webhook_create', conversation, called);
END
$$;
