-- Deletes up to `most` of the oldest messages of a conversation for good if they are older than `age`, with the notices
-- between them; returns how many messages. It takes no rev and announces nothing: a page that shows them keeps them
-- until it is loaded again. Messages that were never read count as read.
--
-- Locks: the conversation's row.
-- Called by: store/housekeeping.rs.
CREATE OR REPLACE FUNCTION expire_messages(conversation bigint, age interval,
                                           most integer)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    last_gone bigint;
    gone      bigint;
BEGIN
    PERFORM FROM conversations c WHERE c.id = conversation FOR NO KEY UPDATE;
    SELECT max(old.seq) INTO last_gone FROM (
        SELECT m.seq, m.created_at FROM messages m WHERE m.conversation_id = conversation ORDER BY m.seq LIMIT most
    ) old WHERE old.created_at < now() - age;
    IF last_gone IS NULL THEN
        RETURN 0;
    END IF;
    DELETE FROM attachments a WHERE a.conversation_id = conversation AND a.seq <= last_gone;
    DELETE FROM notices n WHERE n.conversation_id = conversation AND n.after_seq < last_gone AND n.created_at < now() - age;
    DELETE FROM messages m WHERE m.conversation_id = conversation AND m.seq <= last_gone;
    GET DIAGNOSTICS gone = ROW_COUNT;
    UPDATE members m SET last_read_seq = last_gone WHERE m.conversation_id = conversation AND m.last_read_seq < last_gone;
    RETURN gone;
END
$$;
