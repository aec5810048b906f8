-- Disables a webhook because of its receiver (`gone`, `failing`) or because the chat's key is another one (`key`), with a
-- notice in the room. Does nothing if another replica has taken the webhook over, or a person was faster.
--
-- Locks: the conversation's row; the webhook's row.
-- Called by: store/webhooks/deliveries.rs.
CREATE OR REPLACE FUNCTION disable_webhook(webhook bigint, worker uuid, why text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    own webhooks;
BEGIN
    PERFORM FROM conversations c
    WHERE c.id = (SELECT w.conversation_id FROM webhooks w WHERE w.id = webhook) FOR NO KEY UPDATE;
    SELECT w.* INTO own FROM webhooks w WHERE w.id = webhook AND w.claim = worker FOR NO KEY UPDATE;
    IF own.id IS NOT NULL THEN
        PERFORM stop_webhook(webhook, why);
        PERFORM add_notice(own.conversation_id, 'disabled', own.created_by, NULL, own.name);
    END IF;
END
$$;
