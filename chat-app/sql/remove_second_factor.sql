-- Removes a person's second factor for somebody else: an administrator, or who operates the chat. Returns false if they have none.
-- The person reads of it. Their sessions stay; the rows in `changes` make every replica close their sockets and read them again,
-- since a chat that requires second factors lets them do nothing more before they have set up another one.
--
-- Locks: the row of the factor.
-- Called by: administer, store/second_factors.rs.
CREATE OR REPLACE FUNCTION remove_second_factor(person bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM authenticators a WHERE a.user_id = person;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO removed_second_factors (user_id) VALUES (person) ON CONFLICT (user_id) DO UPDATE SET removed_at = now();
    PERFORM recheck_sessions(person);
    RETURN true;
END
$$;
