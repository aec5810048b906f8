-- Creates a group or a room with these members; returns its id. People who are disabled or have deleted their account
-- are skipped.
--
-- Locks: none; nobody else sees the conversation before the commit.
-- Called by: store/rooms.rs.
CREATE OR REPLACE FUNCTION create_conversation(what text, name text, about text, owner bigint,
                                               people bigint[])
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    new_id bigint;
    person bigint;
BEGIN
    INSERT INTO conversations (kind, title, topic) VALUES (what, name, about) RETURNING id INTO new_id;
    PERFORM add_member(new_id, 'created', owner, owner, 'owner');
    FOR person IN SELECT u.id FROM users u WHERE u.id = ANY (people) AND u.id <> owner
                  AND u.disabled_at IS NULL AND NOT u.former ORDER BY u.id LOOP
        PERFORM add_member(new_id, 'added', owner, person, 'member');
    END LOOP;
    RETURN new_id;
END
$$;
