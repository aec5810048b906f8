-- Delivers an event of an outgoing webhook again, or at once if it waits for another attempt. Owners of the room may
-- do so while the webhook is enabled.
-- Returns `outcome` ('done', 'not_found' to this person, or 'forbidden').
--
-- Locks: the conversation's row, through locked_room; the webhook's row.
-- Called by: store/webhooks.rs.
CREATE OR REPLACE FUNCTION redeliver(conversation bigint, webhook bigint, delivery uuid, actor bigint, OUT outcome text)
LANGUAGE plpgsql AS $$
BEGIN
    outcome := locked_room(conversation, actor, false);
    IF outcome <> 'done' THEN
        RETURN;
    END IF;
    UPDATE webhooks w SET due_at = CASE WHEN w.claim IS NULL THEN now() ELSE w.due_at END
    WHERE w.id = webhook AND w.conversation_id = conversation AND w.disabled_at IS NULL;
    IF FOUND THEN
        UPDATE webhook_deliveries d SET state = 'waiting', attempts = 0 WHERE d.id = delivery AND d.webhook_id = webhook;
    END IF;
    IF NOT FOUND THEN
        outcome := 'not_found';
    END IF;
END
$$;
