-- A dump that is restored gives revs a second time too, in the same server or in another: its database, or its tables, are
-- new ones. Before the timeline, so that two epochs that differ in the timeline alone are still two of one history.
CREATE OR REPLACE FUNCTION epoch() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT concat_ws('.', (SELECT system_identifier FROM pg_control_system()),
                          (SELECT oid FROM pg_database WHERE datname = current_database()),
                          'changes_horizon'::regclass::oid)
        || '-' || CASE WHEN pg_is_in_recovery() THEN 'standby' ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8) END
$$;
