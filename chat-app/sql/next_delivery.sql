-- The next event that a webhook has to deliver, after its log is cut; no row if there is none, or if another replica has taken
-- the webhook over. In the first case the claim ends. Events come in the order of their revs: new messages are added here by
-- their numbers, up to 100 at a time, and other changes were noted when they were made.
--
-- Locks: the webhook's row.
-- Called by: store/webhooks/deliveries.rs.
CREATE OR REPLACE FUNCTION next_delivery(webhook bigint, worker uuid)
RETURNS TABLE (delivery uuid, rev bigint, seq bigint, event text, at timestamptz, attempts integer, conversation_id bigint,
               url text, salt bytea, secret_hash bytea)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    own  webhooks;
    head conversations;
BEGIN
    SELECT w.* INTO own FROM webhooks w WHERE w.id = webhook AND w.claim = worker FOR NO KEY UPDATE;
    IF own.id IS NULL THEN
        RETURN;
    END IF;
    -- The log has the last 100.
    DELETE FROM webhook_deliveries d WHERE d.webhook_id = webhook AND d.state <> 'waiting' AND d.rev <= (
        SELECT old.rev FROM webhook_deliveries old WHERE old.webhook_id = webhook AND old.state <> 'waiting'
        ORDER BY old.rev DESC OFFSET 100 LIMIT 1);
    -- A snapshot earlier than those below: they see every change up to this rev.
    SELECT c.* INTO head FROM conversations c WHERE c.id = own.conversation_id;
    IF head.last_seq > own.seq AND 'message.created' = ANY (own.events) THEN
        WITH fresh AS (
            SELECT m.seq, coalesce(m.sent_rev, m.rev) AS rev, m.created_at FROM messages m
            WHERE m.conversation_id = own.conversation_id AND m.seq > own.seq ORDER BY m.seq LIMIT 100
        ), added AS (
            INSERT INTO webhook_deliveries (webhook_id, rev, seq, event, at)
            SELECT webhook, f.rev, f.seq, 'message.created', f.created_at FROM fresh f ON CONFLICT DO NOTHING
        )
        -- Without any, the messages have passed their retention.
        UPDATE webhooks w SET seq = coalesce((SELECT max(f.seq) FROM fresh f), head.last_seq) WHERE w.id = webhook;
    ELSE
        UPDATE webhooks w SET seq = head.last_seq WHERE w.id = webhook AND w.seq <> head.last_seq;
    END IF;
    RETURN QUERY
    SELECT d.id, d.rev, d.seq, d.event, d.at, d.attempts, own.conversation_id, own.url, own.salt, own.secret_hash
    FROM webhook_deliveries d
    WHERE d.webhook_id = webhook AND d.state = 'waiting' AND d.rev <= head.rev ORDER BY d.rev LIMIT 1;
    IF NOT FOUND THEN
        -- Whatever comes later wakes it again: that waits for the lock on this row.
        UPDATE webhooks w SET rev = head.rev, due_at = NULL, claim = NULL WHERE w.id = webhook;
    END IF;
END
$$;
