-- Makes a person an administrator, or no longer one, as their groups at a sign-in provider say. Returns false if nothing
-- changed: the last administrator stays one.
--
-- Locks: the advisory lock `confab.admins`, so that an administrator remains; the account's row.
-- Called by: store/identities.rs.
CREATE OR REPLACE FUNCTION follow_admin_group(person bigint, member boolean) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('confab.admins'));
    IF NOT member AND NOT EXISTS (
        SELECT FROM users u WHERE u.id <> person AND u.is_admin AND u.disabled_at IS NULL) THEN
        RETURN false;
    END IF;
    UPDATE users u SET is_admin = member WHERE u.id = person AND u.is_admin <> member AND NOT u.former;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO audit_log (actor_id, act) VALUES (person, CASE WHEN member THEN 'admin_by_group' ELSE 'no_admin_by_group' END);
    RETURN true;
END
$$;
