-- Adds a notice, a line in the flow that is not a message, after the newest message. Returns its rev.
--
-- Locks: none; the caller holds the conversation's row.
-- Called by: add_member, remove_member, describe, set_role, disable_webhook, store/import.rs.
CREATE OR REPLACE FUNCTION add_notice(conversation bigint, what text, actor bigint, subject bigint,
                                      words text)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    new_rev bigint := next_rev(conversation);
BEGIN
    INSERT INTO notices (conversation_id, rev, after_seq, kind, actor_id, subject_id, text, created_at)
    SELECT c.id, new_rev, c.last_seq, what, actor, subject, words, greatest(clock_timestamp(), c.last_at)
    FROM conversations c WHERE c.id = conversation;
    RETURN new_rev;
END
$$;
