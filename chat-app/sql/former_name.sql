-- The name of a deleted account: `former-12`, with random letters after it if somebody has taken that name.
--
-- Locks: none.
-- Called by: leave_chat.
CREATE OR REPLACE FUNCTION former_name(person bigint) RETURNS text LANGUAGE sql AS $$
    SELECT CASE WHEN EXISTS (SELECT FROM users u WHERE u.name = 'former-' || person)
                THEN 'former-' || person || '-' || left(md5(random()::text), 6) ELSE 'former-' || person END
$$;
