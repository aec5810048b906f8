-- Makes an account the first administrator, a new account or an existing one. Returns false if there is an
-- administrator.
--
-- Locks: the advisory lock `confab.admins`: of two people at once, one becomes it.
-- Called by: store/users.rs.
CREATE OR REPLACE FUNCTION first_admin(person bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('confab.admins'));
    IF EXISTS (SELECT FROM users WHERE is_admin) THEN
        RETURN false;
    END IF;
    UPDATE users SET is_admin = true WHERE id = person;
    INSERT INTO audit_log (actor_id, act) VALUES (person, 'set_up');
    RETURN true;
END
$$;
