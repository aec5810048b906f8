-- The name of the partition of `changes` for the hour that begins at `start`: `changes_2026010203`. Names sort by time.
--
-- Locks: none.
-- Called by: maintain_changes.
CREATE OR REPLACE FUNCTION changes_partition(start timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT 'changes_' || to_char(start AT TIME ZONE 'UTC', 'YYYYMMDDHH24')
$$;
