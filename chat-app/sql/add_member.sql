-- Adds a member, or a former member again, with a notice `what`. Returns the notice's rev; null for somebody who is a
-- member. A conversation becomes large with its 65th member and stays large.
--
-- Locks: none; the caller holds the conversation's row.
-- Called by: add_people, create_conversation, create_hook, join_room.
CREATE OR REPLACE FUNCTION add_member(conversation bigint, what text, actor bigint, person bigint,
                                      as_role text)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    new_rev bigint;
BEGIN
    IF EXISTS (SELECT FROM members m WHERE m.conversation_id = conversation AND m.user_id = person AND m.left_rev IS NULL) THEN
        RETURN NULL;
    END IF;
    new_rev := add_notice(conversation, what, actor, nullif(person, actor), NULL);
    INSERT INTO members AS m (conversation_id, user_id, joined_rev, joined_seq, last_read_seq, role, bucket)
    SELECT c.id, person, new_rev - 1, c.last_seq, c.last_seq, as_role,
           date_bin('6 hours', now(), '2020-01-01 00:00:00+00')
    FROM conversations c WHERE c.id = conversation
    ON CONFLICT (conversation_id, user_id) DO UPDATE
        SET joined_rev = excluded.joined_rev, joined_seq = excluded.joined_seq, last_read_seq = excluded.last_read_seq,
            left_rev = NULL, role = excluded.role, bucket = excluded.bucket, read_version = m.read_version + 1;
    UPDATE conversations c SET large = true
    WHERE c.id = conversation AND NOT c.large
      AND (SELECT count(*) FROM members m WHERE m.conversation_id = conversation AND m.left_rev IS NULL) > 64;
    RETURN new_rev;
END
$$;
