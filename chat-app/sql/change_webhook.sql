-- What an owner of the room does to an outgoing webhook: `save` (name, URL and events), `rotate` (another secret), `disable`,
-- `enable` or `delete`. An administrator may only disable and delete. Nothing that happens while a webhook is disabled is
-- delivered later.
-- Returns `outcome` ('done', 'not_found' to this person, or 'forbidden').
--
-- Locks: the conversation's row, through locked_room; the webhook's row.
-- Called by: store/webhooks.rs.
CREATE OR REPLACE FUNCTION change_webhook(conversation bigint, webhook bigint, actor bigint, as_admin boolean, what text,
                                          called text, target text, wanted text[], new_salt bytea, hash bytea,
                                          OUT outcome text)
LANGUAGE plpgsql AS $$
DECLARE
    old webhooks;
BEGIN
    outcome := locked_room(conversation, actor, as_admin AND what IN ('disable', 'delete'));
    IF outcome <> 'done' THEN
        RETURN;
    END IF;
    SELECT w.* INTO old FROM webhooks w WHERE w.id = webhook AND w.conversation_id = conversation FOR NO KEY UPDATE;
    IF old.id IS NULL THEN
        outcome := 'not_found';
        RETURN;
    ELSIF what = 'save' THEN
        -- Another receiver is tried at once.
        UPDATE webhooks w SET
            name = called, url = target, events = wanted,
            failing_since = CASE WHEN w.url = target THEN w.failing_since END,
            due_at = CASE WHEN w.url <> target AND w.claim IS NULL AND w.due_at IS NOT NULL THEN now() ELSE w.due_at END
        WHERE w.id = webhook;
    ELSIF what = 'rotate' THEN
        UPDATE webhooks w SET salt = new_salt, secret_hash = hash WHERE w.id = webhook;
    ELSIF what = 'disable' AND old.disabled_at IS NULL THEN
        PERFORM stop_webhook(webhook, 'person');
    ELSIF what = 'enable' AND old.disabled_at IS NOT NULL THEN
        UPDATE webhooks w SET disabled_at = NULL, disabled_because = NULL, failing_since = NULL, seq = c.last_seq, rev = c.rev
        FROM conversations c WHERE w.id = webhook AND c.id = conversation;
    ELSIF what = 'delete' THEN
        DELETE FROM webhooks w WHERE w.id = webhook;
    ELSE
        RETURN;
    END IF;
    INSERT INTO audit_log (actor_id, act, conversation_id, detail)
    VALUES (actor, 'webhook_' || what, conversation, coalesce(called, old.name));
END
$$;
