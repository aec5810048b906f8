-- Trigger: remembers the object of a deleted attachment, so that the sweeper deletes it from the bucket.
--
-- Locks: none.
-- Called by: trigger attachment_gone on attachments.
CREATE OR REPLACE FUNCTION attachment_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO attachments_gone (attachment_id) VALUES (OLD.id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
