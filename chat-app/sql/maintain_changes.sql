-- Creates the partitions of `changes` for this hour and the next two, and drops those that ended more than `hours` ago.
-- Before rows go, `changes_horizon` moves past them. Returns at once while another session does this.
--
-- Locks: the advisory lock `confab.changes`; briefly `changes`, to attach and drop partitions.
-- Called by: store/changes.rs.
CREATE OR REPLACE FUNCTION maintain_changes(hours integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    start timestamptz;
    part  regclass;
    last  xid8;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtext('confab.changes')) THEN
        RETURN;
    END IF;
    -- A statement that waits for a lock on a hot table blocks all statements after it: the next run tries again instead.
    SET LOCAL lock_timeout = '200ms';
    FOR start IN SELECT date_trunc('hour', now()) + make_interval(hours => n) FROM generate_series(0, 2) n LOOP
        IF to_regclass(changes_partition(start)) IS NULL
           -- Rows in the default partition cannot move: an hour that has some stays there.
           AND NOT EXISTS (SELECT FROM changes_default WHERE at >= start AND at < start + interval '1 hour') THEN
            EXECUTE format('CREATE TABLE %I PARTITION OF changes FOR VALUES FROM (%L) TO (%L)',
                           changes_partition(start), start, start + interval '1 hour');
        END IF;
    END LOOP;
    FOR part IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'changes'::regclass
                AND inhrelid::regclass::text < changes_partition(now() - make_interval(hours => hours + 1))
                AND inhrelid <> 'changes_default'::regclass LOOP
        EXECUTE format('SELECT max(xid) FROM %s', part) INTO last;
        UPDATE changes_horizon SET xid = greatest(xid, last) WHERE last IS NOT NULL;
        EXECUTE format('DROP TABLE %s', part);
    END LOOP;
    WITH gone AS (DELETE FROM changes_default WHERE at < now() - make_interval(hours => hours) RETURNING xid),
         highest AS (SELECT max(xid) AS xid FROM gone)
    UPDATE changes_horizon h SET xid = greatest(h.xid, highest.xid) FROM highest WHERE highest.xid IS NOT NULL;
END
$$;
