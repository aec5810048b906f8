-- What an administrator does to an account: `disable`, `enable`, `sign_out`, `make_admin`, `unmake_admin` or
-- `remove_second_factor`.
-- Returns 'done', 'not_found' or 'last_admin': one administrator always stays.
--
-- Locks: the advisory lock `confab.admins`, so that two administrators cannot disable each other; the account's row.
-- Called by: store/admin.rs.
CREATE OR REPLACE FUNCTION administer(actor bigint, person bigint, what text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('confab.admins'));
    IF NOT EXISTS (SELECT FROM users u WHERE u.id = actor AND u.is_admin AND u.disabled_at IS NULL)
       OR NOT EXISTS (SELECT FROM users u WHERE u.id = person AND NOT u.former AND NOT u.bot) THEN
        RETURN 'not_found';
    ELSIF what IN ('disable', 'unmake_admin') AND NOT EXISTS (
        SELECT FROM users u WHERE u.id <> person AND u.is_admin AND u.disabled_at IS NULL) THEN
        RETURN 'last_admin';
    ELSIF what = 'remove_second_factor' AND NOT remove_second_factor(person) THEN
        RETURN 'not_found';
    END IF;
    UPDATE users u SET
        disabled_at = CASE what WHEN 'disable' THEN coalesce(u.disabled_at, now()) WHEN 'enable' THEN NULL ELSE u.disabled_at END,
        is_admin = CASE what WHEN 'make_admin' THEN true WHEN 'unmake_admin' THEN false ELSE u.is_admin END
    WHERE u.id = person;
    IF what IN ('disable', 'sign_out') THEN
        PERFORM end_sessions(person, NULL);
        DELETE FROM reset_links r WHERE r.user_id = person AND what = 'disable';
        DELETE FROM access_tokens t WHERE t.user_id = person AND what = 'sign_out';
    END IF;
    IF what IN ('disable', 'unmake_admin') THEN
        PERFORM end_links(person);
    END IF;
    IF what = 'make_admin' THEN
        -- It may need a second factor from now on.
        PERFORM recheck_sessions(person);
    END IF;
    INSERT INTO audit_log (actor_id, act, subject_id) VALUES (actor, what, person);
    RETURN 'done';
END
$$;
