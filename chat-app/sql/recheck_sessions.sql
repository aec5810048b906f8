-- Makes every replica close the sockets of a person's sessions and read the sessions again, within a second. Those that are still valid
-- open their sockets again.
--
-- Locks: none.
-- Called by: administer, remove_second_factor.
CREATE OR REPLACE FUNCTION recheck_sessions(person bigint) RETURNS void LANGUAGE sql AS $$
    INSERT INTO changes (session_id) SELECT s.id FROM sessions s WHERE s.user_id = person
$$;
