-- People, conversations and messages, and the two ways out of a commit: `changes` (read by every replica)
-- and `outbox` (kept until Kafka has the record).

CREATE TABLE users (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name          text        NOT NULL UNIQUE CHECK (name ~ '^[a-z0-9][a-z0-9._-]{1,31}$'),
    password_hash text        NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now()
);
-- Finds people by the beginning of a name, whatever the database's collation.
CREATE INDEX users_name_prefix ON users (name text_pattern_ops);

CREATE TABLE sessions (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- SHA-256 of the cookie's token: a copy of this table opens no session.
    token_hash bytea       NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    user_id    bigint      NOT NULL REFERENCES users ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- Every change of a conversation takes the next gapless `rev` under this row's lock; a message also the next `seq`.
-- The counters are updated all the time: no index holds them, and pages keep room, so that updates stay HOT.
CREATE TABLE conversations (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The two people of a direct conversation, smaller id first: there is one conversation of each pair.
    direct_low  bigint      NOT NULL REFERENCES users,
    direct_high bigint      NOT NULL REFERENCES users,
    rev         bigint      NOT NULL DEFAULT 0,
    last_seq    bigint      NOT NULL DEFAULT 0,
    last_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (direct_low, direct_high),
    CHECK (direct_low < direct_high)
) WITH (fillfactor = 70);

-- Membership is an interval of revs: after `joined_rev`, up to and including `left_rev`.
CREATE TABLE members (
    conversation_id bigint      NOT NULL REFERENCES conversations,
    user_id         bigint      NOT NULL REFERENCES users,
    joined_rev      bigint      NOT NULL,
    left_rev        bigint,
    last_read_seq   bigint      NOT NULL DEFAULT 0,
    -- Six hours of last activity: the list is ordered through it, and it is written once a bucket, not once a message.
    bucket          timestamptz NOT NULL,
    PRIMARY KEY (conversation_id, user_id)
) WITH (fillfactor = 70);
CREATE INDEX members_list ON members (user_id, bucket DESC, conversation_id) WHERE left_rev IS NULL;

CREATE TABLE messages (
    conversation_id bigint      NOT NULL REFERENCES conversations,
    -- Places and counts the message.
    seq             bigint      NOT NULL,
    -- The message's latest change: what a reader who has seen less must fetch.
    rev             bigint      NOT NULL,
    sender_id       bigint      NOT NULL REFERENCES users,
    -- Made by the client: a retry is the same message.
    client_id       uuid        NOT NULL,
    body            text        NOT NULL,
    created_at      timestamptz NOT NULL,
    PRIMARY KEY (conversation_id, seq),
    UNIQUE (conversation_id, sender_id, client_id)
);
CREATE UNIQUE INDEX messages_rev ON messages (conversation_id, rev);

-- What changed, by transaction: a replica reads `xid >= xmin of its last snapshot` and so misses nothing,
-- in whatever order transactions commit. Rows are dropped by whole partitions of an hour.
CREATE TABLE changes (
    xid             xid8        NOT NULL DEFAULT pg_current_xact_id(),
    at              timestamptz NOT NULL DEFAULT now(),
    conversation_id bigint,
    rev             bigint,
    -- A session that was revoked: its sockets close.
    session_id      bigint,
    CHECK ((conversation_id IS NULL) = (rev IS NULL)),
    CHECK ((conversation_id IS NULL) <> (session_id IS NULL))
) PARTITION BY RANGE (at);
CREATE INDEX changes_xid ON changes (xid);
-- Takes what no hour's partition does: a late maintainer must not fail a send.
CREATE TABLE changes_default PARTITION OF changes DEFAULT;

-- A cursor below this has missed rows that are gone: its reader starts anew.
CREATE TABLE changes_horizon (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    xid      xid8    NOT NULL
);
INSERT INTO changes_horizon (xid) VALUES (pg_current_xact_id());

-- References of what Kafka has not acknowledged yet.
CREATE TABLE outbox (
    conversation_id bigint      NOT NULL,
    rev             bigint      NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (conversation_id, rev)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);

-- Appends messages: one call, one transaction, no round trip while a lock is held.
-- The arrays are parallel. Answers one row for each message in the order given:
-- outcome `sent`, `duplicate` (the row is that of the first send) or `not_member` (no other column is set).
-- `recipients` are the members' ids; null on a duplicate that came alone.
CREATE FUNCTION send_batch(conversation_ids bigint[], sender_ids bigint[], client_ids uuid[], bodies text[])
RETURNS TABLE (outcome text, seq bigint, rev bigint, at timestamptz, sender_name text, recipients bigint[])
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    stamp timestamptz;
BEGIN
    PERFORM 1 FROM conversations c WHERE c.id = ANY (conversation_ids) ORDER BY c.id FOR NO KEY UPDATE;
    stamp := clock_timestamp();
    -- A statement of its own: its snapshot is later than the locks, so it sees what their last holders committed.
    RETURN QUERY
    WITH wanted AS (
        SELECT w.*, c.rev AS head_rev, c.last_seq AS head_seq, greatest(stamp, c.last_at) AS at,
               old.seq AS old_seq, old.rev AS old_rev, old.created_at AS old_at,
               m.user_id IS NOT NULL AS is_member,
               row_number() OVER (PARTITION BY w.conversation_id, w.sender_id, w.client_id ORDER BY w.ord) AS copy
        FROM unnest(conversation_ids, sender_ids, client_ids, bodies)
             WITH ORDINALITY AS w (conversation_id, sender_id, client_id, body, ord)
        LEFT JOIN conversations c ON c.id = w.conversation_id
        LEFT JOIN members m ON m.conversation_id = w.conversation_id AND m.user_id = w.sender_id AND m.left_rev IS NULL
        LEFT JOIN messages old ON old.conversation_id = w.conversation_id AND old.sender_id = w.sender_id
                              AND old.client_id = w.client_id
    ), fresh AS (
        SELECT w.*, head_seq + n AS new_seq, head_rev + n AS new_rev
        FROM (SELECT *, row_number() OVER (PARTITION BY conversation_id ORDER BY ord) AS n
              FROM wanted WHERE is_member AND old_seq IS NULL AND copy = 1) w
    ), touched AS (
        SELECT conversation_id, count(*) AS n, max(at) AS at,
               date_bin('6 hours', max(at), '2020-01-01 00:00:00+00') AS bucket
        FROM fresh GROUP BY conversation_id
    ), written AS (
        INSERT INTO messages (conversation_id, seq, rev, sender_id, client_id, body, created_at)
        SELECT conversation_id, new_seq, new_rev, sender_id, client_id, body, at FROM fresh
    ), counted AS (
        UPDATE conversations c SET rev = c.rev + t.n, last_seq = c.last_seq + t.n, last_at = t.at
        FROM touched t WHERE c.id = t.conversation_id
    ), announced AS (
        INSERT INTO changes (conversation_id, rev) SELECT conversation_id, new_rev FROM fresh
    ), queued AS (
        INSERT INTO outbox (conversation_id, rev) SELECT conversation_id, new_rev FROM fresh
    ), own AS (
        SELECT conversation_id, sender_id, max(new_seq) AS seq FROM fresh GROUP BY conversation_id, sender_id
    ), marked AS (
        -- A send marks its sender as having read; the list's order moves once a bucket.
        UPDATE members m SET last_read_seq = greatest(m.last_read_seq, coalesce(o.seq, 0)),
                             bucket = greatest(m.bucket, t.bucket)
        FROM touched t
        JOIN members again ON again.conversation_id = t.conversation_id
        LEFT JOIN own o ON o.conversation_id = again.conversation_id AND o.sender_id = again.user_id
        WHERE m.conversation_id = again.conversation_id AND m.user_id = again.user_id AND m.left_rev IS NULL
          AND (o.seq IS NOT NULL OR m.bucket < t.bucket)
    ), people AS (
        SELECT m.conversation_id, array_agg(m.user_id ORDER BY m.user_id) AS recipients
        FROM members m JOIN touched t USING (conversation_id) WHERE m.left_rev IS NULL GROUP BY m.conversation_id
    )
    SELECT CASE WHEN NOT w.is_member THEN 'not_member' WHEN f.ord = w.ord THEN 'sent' ELSE 'duplicate' END,
           coalesce(w.old_seq, f.new_seq), coalesce(w.old_rev, f.new_rev), coalesce(w.old_at, f.at),
           u.name, p.recipients
    FROM wanted w
    LEFT JOIN fresh f ON w.is_member AND f.conversation_id = w.conversation_id AND f.sender_id = w.sender_id
                     AND f.client_id = w.client_id
    LEFT JOIN users u ON u.id = w.sender_id
    LEFT JOIN people p ON p.conversation_id = w.conversation_id
    ORDER BY w.ord;
END
$$;

-- Differs after a failover or a restore: cursors and heads of another history must not be trusted.
CREATE FUNCTION epoch() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT (SELECT system_identifier FROM pg_control_system())::text
        || '-' || CASE WHEN pg_is_in_recovery() THEN 'standby' ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8) END
$$;

-- Makes the partitions of `changes` for this hour and the next two and drops those that ended more than `hours` ago.
-- Whoever comes while another does it returns at once.
CREATE FUNCTION maintain_changes(hours integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    start timestamptz;
    part  regclass;
    last  xid8;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtext('confab.changes')) THEN
        RETURN;
    END IF;
    -- A statement that waits for a lock on a hot table holds up all that come after it: better not now.
    SET LOCAL lock_timeout = '200ms';
    FOR start IN SELECT date_trunc('hour', now()) + make_interval(hours => n) FROM generate_series(0, 2) n LOOP
        IF to_regclass(changes_partition(start)) IS NULL
           -- What the default partition took can't move: that hour stays there.
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

-- `changes_2026010203`: sorts by time.
CREATE FUNCTION changes_partition(start timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT 'changes_' || to_char(start AT TIME ZONE 'UTC', 'YYYYMMDDHH24')
$$;
