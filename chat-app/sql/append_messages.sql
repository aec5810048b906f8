-- Appends a batch of messages: one call, one transaction, no round trip while a lock is held.
--
-- The arrays are parallel. An extra is null or {"reply_to": seq, "mentions": [name], "attachments": [uuid], "alias": {"name":
-- text, "icon": emoji}}. Returns one row for each message, in the order given, with the outcome:
--   sent           It is in the conversation. `recipients` are the members; null in a large room.
--   duplicate      An earlier send has the same conversation, sender and client id; the row describes that one.
--   not_member     The sender is not in the conversation, or there is none.
--   blocked        The other person of a direct conversation has blocked the sender.
--   no_attachment  An attachment is gone, was sent already, or belongs to someone else.
-- The columns that describe the message are null but for the first two.
--
-- Names of old accounts may end with a mark, so "@bob." in a message calls "bob" or, if there is no such member, "bob.".
--
-- Locks: the rows of all conversations of the batch, in the order of their ids, as everything that locks several does.
-- Called by: store/messages/append.rs, on the connections of the writer.
CREATE OR REPLACE FUNCTION append_messages(conversation_ids bigint[], sender_ids bigint[], client_ids uuid[],
                                           bodies text[], extras jsonb[])
RETURNS TABLE (outcome text, seq bigint, rev bigint, at timestamptz, sender_name text, sender_avatar uuid,
               kind text, recipients bigint[])
LANGUAGE plpgsql
-- The plan is the same for every batch, and planning takes longer than appending a few messages.
SET plan_cache_mode = force_generic_plan
-- The plan outlives the size of the tables: made for an empty chat, it would scan them while they fill.
SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    stamp timestamptz;
    has_extras constant boolean := num_nonnulls(VARIADIC extras) > 0;
    lacking bigint[];
BEGIN
    PERFORM 1 FROM conversations c WHERE c.id = ANY (conversation_ids) ORDER BY c.id FOR NO KEY UPDATE;
    stamp := clock_timestamp();
    -- Separate statements: their snapshots are later than the locks, so they see what the last holders committed. What few
    -- messages have is apart from what all have: a statement costs as much as it has parts, whatever they find.
    IF has_extras THEN
        SELECT array_agg(w.ord) INTO lacking
        FROM unnest(conversation_ids, sender_ids, extras) WITH ORDINALITY AS w (conversation_id, sender_id, extra, ord)
        WHERE (SELECT count(*) FROM jsonb_array_elements_text(w.extra -> 'attachments') id
               JOIN attachments a ON a.id = id::uuid AND a.owner_id = w.sender_id AND a.seq IS NULL
                                 AND a.conversation_id = w.conversation_id)
              < jsonb_array_length(w.extra -> 'attachments');
    END IF;
    RETURN QUERY
    WITH wanted AS (
        SELECT w.*, c.rev AS head_rev, c.last_seq AS head_seq, c.last_at AS head_at, greatest(stamp, c.last_at) AS at,
               c.kind, old.seq AS old_seq, old.rev AS old_rev, old.created_at AS old_at,
               CASE WHEN m.user_id IS NULL THEN 'not_member'
                    WHEN old.seq IS NOT NULL THEN 'duplicate'
                    WHEN b.user_id IS NOT NULL THEN 'blocked'
                    WHEN w.ord = ANY (lacking) THEN 'no_attachment'
                    ELSE 'sent' END AS standing,
               CASE WHEN c.kind = 'public' THEN 0 ELSE m.joined_seq END AS floor,
               row_number() OVER (PARTITION BY w.conversation_id, w.sender_id, w.client_id ORDER BY w.ord) AS copy
        FROM unnest(conversation_ids, sender_ids, client_ids, bodies, extras)
             WITH ORDINALITY AS w (conversation_id, sender_id, client_id, body, extra, ord)
        LEFT JOIN conversations c ON c.id = w.conversation_id
        LEFT JOIN members m ON m.conversation_id = w.conversation_id AND m.user_id = w.sender_id AND m.left_rev IS NULL
        -- OFFSET 0: for each row through the index, instead of a hash of all messages.
        LEFT JOIN LATERAL (SELECT o.seq, o.rev, o.created_at FROM messages o
                           WHERE o.conversation_id = w.conversation_id AND o.sender_id = w.sender_id
                             AND o.client_id = w.client_id OFFSET 0) old ON true
        LEFT JOIN blocks b ON c.kind = 'direct' AND b.blocked_id = w.sender_id
                          AND b.user_id = CASE c.direct_low WHEN w.sender_id THEN c.direct_high ELSE c.direct_low END
    ), fresh AS (
        SELECT w.*, head_seq + n AS new_seq, head_rev + n AS new_rev
        FROM (SELECT *, row_number() OVER (PARTITION BY conversation_id ORDER BY ord) AS n
              FROM wanted WHERE standing = 'sent' AND copy = 1) w
    ), touched AS (
        SELECT conversation_id, count(*) AS n, max(at) AS at, bucket,
               min(head_seq) = 0 OR min(head_at) < bucket AS is_new_bucket
        FROM (SELECT *, date_bin('6 hours', at, '2020-01-01 00:00:00+00') AS bucket FROM fresh) f
        GROUP BY conversation_id, bucket
    ), written AS (
        INSERT INTO messages (conversation_id, seq, rev, sender_id, client_id, body, created_at, reply_to, alias, icon)
        SELECT conversation_id, new_seq, new_rev, sender_id, client_id, body, at,
               CASE WHEN f.extra ? 'reply_to' THEN (
                   SELECT q.seq FROM messages q WHERE q.conversation_id = f.conversation_id AND q.seq > f.floor
                                                  AND q.seq = (f.extra ->> 'reply_to')::bigint) END,
               f.extra -> 'alias' ->> 'name', f.extra -> 'alias' ->> 'icon'
        FROM fresh f
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
        -- A send marks the conversation as read by its sender; its place in the list changes once per bucket.
        UPDATE members m SET last_read_seq = greatest(m.last_read_seq, w.seq), bucket = greatest(m.bucket, w.bucket)
        FROM (SELECT t.conversation_id, o.sender_id AS user_id, o.seq, t.bucket
              FROM own o JOIN touched t ON t.conversation_id = o.conversation_id
              UNION ALL
              SELECT t.conversation_id, other.user_id, 0, t.bucket
              FROM touched t JOIN members other ON other.conversation_id = t.conversation_id
              WHERE t.is_new_bucket AND NOT EXISTS (
                  SELECT FROM own o WHERE o.conversation_id = t.conversation_id AND o.sender_id = other.user_id)) w
        WHERE m.conversation_id = w.conversation_id AND m.user_id = w.user_id AND m.left_rev IS NULL
    ), people AS (
        SELECT m.conversation_id, array_agg(m.user_id ORDER BY m.user_id) AS recipients
        FROM touched t
        JOIN conversations c ON c.id = t.conversation_id AND NOT c.large
        JOIN members m ON m.conversation_id = t.conversation_id AND m.left_rev IS NULL
        GROUP BY m.conversation_id
    )
    SELECT CASE WHEN w.standing = 'sent' AND f.ord <> w.ord THEN 'duplicate' ELSE w.standing END,
           coalesce(w.old_seq, f.new_seq), coalesce(w.old_rev, f.new_rev), coalesce(w.old_at, f.at),
           coalesce(u.display_name, u.name), u.avatar, w.kind, p.recipients
    FROM wanted w
    LEFT JOIN fresh f ON w.standing = 'sent' AND f.conversation_id = w.conversation_id AND f.sender_id = w.sender_id
                     AND f.client_id = w.client_id
    LEFT JOIN users u ON u.id = w.sender_id
    LEFT JOIN people p ON p.conversation_id = w.conversation_id
    ORDER BY w.ord;
    IF has_extras THEN
        WITH fresh AS (
            SELECT DISTINCT ON (w.conversation_id, w.sender_id, w.client_id) w.conversation_id, w.sender_id, w.extra, o.seq
            FROM unnest(conversation_ids, sender_ids, client_ids, extras)
                 WITH ORDINALITY AS w (conversation_id, sender_id, client_id, extra, ord)
            JOIN messages o ON o.conversation_id = w.conversation_id AND o.sender_id = w.sender_id
                           AND o.client_id = w.client_id
                           -- Written above, not by an earlier send.
                           AND o.xmin = pg_current_xact_id()::xid
            ORDER BY w.conversation_id, w.sender_id, w.client_id, w.ord
        ), mentioned AS (
            INSERT INTO mentions (user_id, conversation_id, seq)
            SELECT DISTINCT u.id, f.conversation_id, f.seq
            FROM fresh f
            CROSS JOIN jsonb_array_elements_text(f.extra -> 'mentions') AS called
            JOIN users u ON u.name = called
            JOIN members m ON m.conversation_id = f.conversation_id AND m.user_id = u.id AND m.left_rev IS NULL
            WHERE u.name !~ '[._-]$' OR NOT EXISTS (
                SELECT FROM jsonb_array_elements_text(f.extra -> 'mentions') AS shorter
                JOIN users su ON su.name = shorter AND starts_with(u.name, su.name) AND su.name <> u.name
                JOIN members sm ON sm.conversation_id = f.conversation_id AND sm.user_id = su.id AND sm.left_rev IS NULL
                WHERE rtrim(su.name, '._-') = rtrim(u.name, '._-'))
        )
        UPDATE attachments a SET seq = f.seq
        FROM fresh f CROSS JOIN jsonb_array_elements_text(f.extra -> 'attachments') AS wanted_id
        WHERE a.id = wanted_id::uuid AND a.owner_id = f.sender_id AND a.conversation_id = f.conversation_id AND a.seq IS NULL;
    END IF;
END
$$;
