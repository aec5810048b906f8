-- Announces people whose name or picture changes; the function is replaced by that of ../sql.
CREATE FUNCTION person_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER person_changed AFTER UPDATE OF name, display_name, avatar ON users FOR EACH ROW
    WHEN ((OLD.name, OLD.display_name, OLD.avatar) IS DISTINCT FROM (NEW.name, NEW.display_name, NEW.avatar))
    EXECUTE FUNCTION person_changed();
