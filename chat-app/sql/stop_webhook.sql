-- Disables a webhook. What was waiting has failed, and can be delivered again by hand once the webhook is enabled.
--
-- Locks: the webhook's row.
-- Called by: change_webhook, disable_webhook.
CREATE OR REPLACE FUNCTION stop_webhook(webhook bigint, why text) RETURNS void LANGUAGE sql AS $$
    UPDATE webhooks w SET disabled_at = now(), disabled_because = why, due_at = NULL, claim = NULL WHERE w.id = webhook;
    UPDATE webhook_deliveries d SET state = 'failed' WHERE d.webhook_id = webhook AND d.state = 'waiting';
$$;
