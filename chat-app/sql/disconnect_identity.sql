-- Removes a way to sign in from its owner's account, and ends the sessions that began with it but for `kept`. Returns 'done',
-- 'not_found' or 'last_way': one way to sign in always stays, a password if `with_password`, or an identity of one of these
-- issuers.
--
-- Locks: the account's row, so that two requests cannot remove the last two; the rows of these sessions.
-- Called by: store/identities.rs.
CREATE OR REPLACE FUNCTION disconnect_identity(person bigint, identity bigint, kept bigint, with_password boolean, issuers text[])
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    has_password boolean;
BEGIN
    SELECT with_password AND u.password_hash <> '' INTO has_password FROM users u WHERE u.id = person FOR NO KEY UPDATE;
    IF NOT EXISTS (SELECT FROM identities i WHERE i.id = identity AND i.user_id = person) THEN
        RETURN 'not_found';
    ELSIF NOT has_password AND NOT EXISTS (
        SELECT FROM identities i WHERE i.id <> identity AND i.user_id = person AND i.issuer = ANY (issuers)) THEN
        RETURN 'last_way';
    END IF;
    WITH gone AS (
        DELETE FROM sessions s WHERE s.identity_id = identity AND s.id <> kept RETURNING s.id
    )
    INSERT INTO changes (session_id) SELECT id FROM gone;
    DELETE FROM identities i WHERE i.id = identity;
    RETURN 'done';
END
$$;
