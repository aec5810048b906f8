-- Notes a change of a message for the webhooks of its conversation that get such events. New messages are not noted: their
-- numbers say where each webhook has to continue, at no cost for a send.
--
-- Locks: none; the caller holds the conversation's row, so that no later change can be seen without this one.
-- Called by: delete_message, edit_message, react.
CREATE OR REPLACE FUNCTION note_event(conversation bigint, change bigint, place bigint, what text) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO webhook_deliveries (webhook_id, rev, seq, event)
    SELECT w.id, change, place, what FROM webhooks w
    WHERE w.conversation_id = conversation AND w.disabled_at IS NULL AND what = ANY (w.events)
$$;
