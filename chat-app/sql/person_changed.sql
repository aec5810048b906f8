-- Trigger: announces that a person has another name or picture, so that replicas forget pages that show the former one.
--
-- Locks: none.
-- Called by: trigger person_changed on users.
CREATE OR REPLACE FUNCTION person_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO changes (user_id) VALUES (NEW.id);
    RETURN NULL;
END
$$;
