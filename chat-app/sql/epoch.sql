-- Names the history that revs and transaction ids belong to. It differs after a failover, where the timeline changes,
-- and after a restore from a dump, where the database or its tables are new even if the server is the same: cursors and
-- heads of another epoch must not be trusted. The timeline comes last, so that two epochs that differ only there show
-- the same origin.
--
-- Locks: none.
-- Called by: postgres.rs, store/changes.rs, store/timeline.rs.
CREATE OR REPLACE FUNCTION epoch() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT concat_ws('.', (SELECT system_identifier FROM pg_control_system()),
                          (SELECT oid FROM pg_database WHERE datname = current_database()),
                          'changes_horizon'::regclass::oid)
        || '-' || CASE WHEN pg_is_in_recovery() THEN 'standby' ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8) END
$$;
