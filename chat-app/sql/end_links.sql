-- Ends what a person has handed out as an administrator: invitations, and links with which others set a new password.
-- They would let the person in again, or into another account, after they are no administrator any more.
--
-- Locks: the rows of these links.
-- Called by: administer, leave_chat.
CREATE OR REPLACE FUNCTION end_links(person bigint) RETURNS void LANGUAGE sql AS $$
    UPDATE invites i SET revoked_at = now() WHERE i.created_by = person AND i.revoked_at IS NULL;
    -- The audit log says who made a link.
    DELETE FROM reset_links r WHERE person = (
        SELECT l.actor_id FROM audit_log l WHERE l.act = 'reset_link' AND l.subject_id = r.user_id
        ORDER BY l.id DESC LIMIT 1);
$$;
