-- Which messages are tombstones: an unread count, which goes by seq, leaves them out. `delete_message` maintains it.
CREATE TABLE tombstones (
    conversation_id bigint NOT NULL,
    seq             bigint NOT NULL,
    PRIMARY KEY (conversation_id, seq)
);
INSERT INTO tombstones SELECT conversation_id, seq FROM messages WHERE deleted_at IS NOT NULL;
-- After the scan, and without checking what it found: the lock on `messages` must be short.
ALTER TABLE tombstones
    ADD FOREIGN KEY (conversation_id, seq) REFERENCES messages ON DELETE CASCADE NOT VALID;
