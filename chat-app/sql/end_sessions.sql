-- Deletes the sessions of a person but for `kept` (null: all of them), and their logins that wait for a code; returns how many
-- sessions. The rows in `changes` make every replica close their sockets within a second. When all end, the live streams of the
-- person's access tokens close too; tokens that are still valid open them again.
--
-- Locks: the rows of these sessions and logins.
-- Called by: administer, leave_chat, store/accounts.rs, store/resets.rs, store/sessions.rs.
CREATE OR REPLACE FUNCTION end_sessions(person bigint, kept bigint) RETURNS bigint LANGUAGE sql AS $$
    WITH pending AS (
        DELETE FROM pending_logins p WHERE p.user_id = person
    ), gone AS (
        DELETE FROM sessions WHERE user_id = person AND id IS DISTINCT FROM kept RETURNING id
    ), announced AS (
        INSERT INTO changes (session_id)
        SELECT id FROM gone UNION ALL SELECT t.id FROM access_tokens t WHERE t.user_id = person AND kept IS NULL
    )
    SELECT count(*) FROM gone
$$;
