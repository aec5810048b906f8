-- Deletes an account: it leaves every group and room, its sessions and access tokens end, and its name becomes free. The row stays, since
-- the messages refer to it. With `erase` the messages go too: housekeeping deletes them one by one, so that everybody
-- sees it. Returns 'done' or 'last_admin'.
--
-- Locks: the advisory lock `confab.admins`; the rows of the groups and rooms, in the order of their ids; the account's
-- row.
-- Called by: store/accounts.rs.
CREATE OR REPLACE FUNCTION leave_chat(person bigint, erase boolean) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    place bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('confab.admins'));
    IF EXISTS (SELECT FROM users u WHERE u.id = person AND u.is_admin) AND NOT EXISTS (
        SELECT FROM users u WHERE u.id <> person AND u.is_admin AND u.disabled_at IS NULL) THEN
        RETURN 'last_admin';
    END IF;
    FOR place IN SELECT m.conversation_id FROM members m JOIN conversations c ON c.id = m.conversation_id
                 WHERE m.user_id = person AND m.left_rev IS NULL AND c.kind <> 'direct' ORDER BY m.conversation_id LOOP
        PERFORM remove_member(place, person, person, false);
    END LOOP;
    PERFORM end_sessions(person, NULL);
    DELETE FROM access_tokens t WHERE t.user_id = person;
    DELETE FROM reset_links r WHERE r.user_id = person;
    DELETE FROM known_devices d WHERE d.user_id = person;
    DELETE FROM identities i WHERE i.user_id = person;
    DELETE FROM avatars a WHERE a.user_id = person;
    DELETE FROM blocks b WHERE b.user_id = person OR b.blocked_id = person;
    DELETE FROM mentions x WHERE x.user_id = person;
    DELETE FROM saved v WHERE v.user_id = person;
    PERFORM end_links(person);
    IF erase THEN
        INSERT INTO erasures (user_id) VALUES (person) ON CONFLICT DO NOTHING;
    END IF;
    UPDATE users u SET former = true, is_admin = false, name = former_name(person), display_name = NULL, display_name_keys = NULL, avatar = NULL,
        password_hash = '', language = NULL, dnd_from = NULL, dnd_to = NULL, time_zone = NULL
    WHERE u.id = person;
    RETURN 'done';
END
$$;
