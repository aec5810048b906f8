-- Invitations, links that set a new password, pictures, what administrators did, and accounts that go.
-- Expands only.

ALTER TABLE sessions
    -- Browser and system, as in `Firefox, Linux`.
    ADD COLUMN device       text CHECK (length(device) <= 64),
    -- Written every few minutes at most.
    ADD COLUMN last_seen_at timestamptz NOT NULL DEFAULT now();

-- A link with which `max_uses` people may sign up. Here is the SHA-256 of its token: a copy of this table lets nobody in.
CREATE TABLE invites (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token_hash bytea       NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    created_by bigint      NOT NULL REFERENCES users,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    max_uses   integer     NOT NULL CHECK (max_uses BETWEEN 1 AND 1000),
    uses       integer     NOT NULL DEFAULT 0,
    revoked_at timestamptz,
    CHECK (uses <= max_uses)
);

-- A link with which a person sets a new password, once; the newest one counts.
CREATE TABLE reset_links (
    user_id    bigint      PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    token_hash bytea       NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    expires_at timestamptz NOT NULL
);

-- The picture that `users.avatar` names: 256 × 256, made anew from what was uploaded.
CREATE TABLE avatars (
    id         uuid   PRIMARY KEY,
    user_id    bigint NOT NULL UNIQUE REFERENCES users ON DELETE CASCADE,
    media_type text   NOT NULL,
    content    bytea  NOT NULL CHECK (octet_length(content) <= 524288)
);

-- What administrators did. Never holds a secret or what a message said.
CREATE TABLE audit_log (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at              timestamptz NOT NULL DEFAULT now(),
    actor_id        bigint      NOT NULL REFERENCES users,
    act             text        NOT NULL CHECK (length(act) <= 32),
    subject_id      bigint REFERENCES users,
    conversation_id bigint REFERENCES conversations,
    -- A room's new name, a message's place, an invitation's number.
    detail          text CHECK (length(detail) <= 256)
);

-- People who went and wanted what they said to go too: a worker leaves tombstones until nothing is left.
CREATE TABLE erasures (
    user_id    bigint      PRIMARY KEY REFERENCES users,
    created_at timestamptz NOT NULL DEFAULT now()
);
-- Where somebody was, besides where they are (`members_large`).
CREATE INDEX members_left ON members (user_id) INCLUDE (conversation_id) WHERE left_rev IS NOT NULL;
CREATE INDEX blocks_blocked ON blocks (blocked_id);

-- Ends sessions and tells every replica, whose sockets of theirs close within a second.
CREATE FUNCTION end_sessions(person bigint, but bigint) RETURNS bigint LANGUAGE sql AS $$
    WITH gone AS (
        DELETE FROM sessions WHERE user_id = person AND id IS DISTINCT FROM but RETURNING id
    ), told AS (
        INSERT INTO changes (session_id) SELECT id FROM gone
    )
    SELECT count(*) FROM gone
$$;

-- The first administrator: an account that was made for it, or one that was there already. One at a time.
CREATE FUNCTION first_admin(person bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('confab.admins'));
    IF EXISTS (SELECT FROM users WHERE is_admin) THEN
        RETURN false;
    END IF;
    UPDATE users SET is_admin = true WHERE id = person;
    INSERT INTO audit_log (actor_id, act) VALUES (person, 'set_up');
    RETURN true;
END
$$;

-- What an administrator does to a person: `disable`, `enable`, `sign_out`, `make_admin`, `unmake_admin`.
-- Answers 'done', 'not_found' or 'last_admin': one always stays. One at a time, so that two can't disable each other.
CREATE FUNCTION administer(actor bigint, person bigint, what text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('confab.admins'));
    IF NOT EXISTS (SELECT FROM users u WHERE u.id = actor AND u.is_admin AND u.disabled_at IS NULL)
       OR NOT EXISTS (SELECT FROM users u WHERE u.id = person AND NOT u.former) THEN
        RETURN 'not_found';
    ELSIF what IN ('disable', 'unmake_admin') AND NOT EXISTS (
        SELECT FROM users u WHERE u.id <> person AND u.is_admin AND u.disabled_at IS NULL) THEN
        RETURN 'last_admin';
    END IF;
    UPDATE users u SET
        disabled_at = CASE what WHEN 'disable' THEN coalesce(u.disabled_at, now()) WHEN 'enable' THEN NULL ELSE u.disabled_at END,
        is_admin = CASE what WHEN 'make_admin' THEN true WHEN 'unmake_admin' THEN false ELSE u.is_admin END
    WHERE u.id = person;
    IF what IN ('disable', 'sign_out') THEN
        PERFORM end_sessions(person, NULL);
        DELETE FROM reset_links r WHERE r.user_id = person AND what = 'disable';
    END IF;
    INSERT INTO audit_log (actor_id, act, subject_id) VALUES (actor, what, person);
    RETURN 'done';
END
$$;

-- Deletes an account: out of every group and room, signed out everywhere, the name free for others. The row stays for
-- the messages; with `erase` they go too, one by one, so that everybody sees it. Answers 'done' or 'last_admin'.
CREATE FUNCTION leave_chat(person bigint, erase boolean) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    place bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('confab.admins'));
    IF EXISTS (SELECT FROM users u WHERE u.id = person AND u.is_admin) AND NOT EXISTS (
        SELECT FROM users u WHERE u.id <> person AND u.is_admin AND u.disabled_at IS NULL) THEN
        RETURN 'last_admin';
    END IF;
    FOR place IN SELECT m.conversation_id FROM members m JOIN conversations c ON c.id = m.conversation_id
                 WHERE m.user_id = person AND m.left_rev IS NULL AND c.kind <> 'direct' ORDER BY m.conversation_id LOOP
        PERFORM let_out(place, person, person, false);
    END LOOP;
    PERFORM end_sessions(person, NULL);
    DELETE FROM reset_links r WHERE r.user_id = person;
    DELETE FROM avatars a WHERE a.user_id = person;
    DELETE FROM blocks b WHERE b.user_id = person OR b.blocked_id = person;
    DELETE FROM mentions x WHERE x.user_id = person;
    UPDATE invites i SET revoked_at = coalesce(i.revoked_at, now()) WHERE i.created_by = person;
    IF erase THEN
        INSERT INTO erasures (user_id) VALUES (person) ON CONFLICT DO NOTHING;
    END IF;
    UPDATE users u SET former = true, is_admin = false, name = former_name(person), display_name = NULL, avatar = NULL,
        password_hash = '', language = NULL, dnd_from = NULL, dnd_to = NULL, time_zone = NULL
    WHERE u.id = person;
    RETURN 'done';
END
$$;

-- `former-12`; somebody may have called themselves so.
CREATE FUNCTION former_name(person bigint) RETURNS text LANGUAGE sql AS $$
    SELECT CASE WHEN EXISTS (SELECT FROM users u WHERE u.name = 'former-' || person)
                THEN 'former-' || person || '-' || left(md5(random()::text), 6) ELSE 'former-' || person END
$$;

-- Takes up to `most` of a conversation's oldest messages away for good, where they are older than `age`, with the lines
-- that stood between them; answers how many messages. No rev is taken and nobody is told: whoever has them on screen
-- keeps them there, whoever asks again finds nothing. What was never read counts as read.
CREATE FUNCTION expire_messages(conversation bigint, age interval, most integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    last_gone bigint;
    gone      bigint;
BEGIN
    PERFORM FROM conversations c WHERE c.id = conversation FOR NO KEY UPDATE;
    SELECT max(old.seq) INTO last_gone FROM (
        SELECT m.seq, m.created_at FROM messages m WHERE m.conversation_id = conversation ORDER BY m.seq LIMIT most
    ) old WHERE old.created_at < now() - age;
    IF last_gone IS NULL THEN
        RETURN 0;
    END IF;
    DELETE FROM attachments a WHERE a.conversation_id = conversation AND a.seq <= last_gone;
    DELETE FROM notices n WHERE n.conversation_id = conversation AND n.after_seq < last_gone AND n.created_at < now() - age;
    DELETE FROM messages m WHERE m.conversation_id = conversation AND m.seq <= last_gone;
    GET DIAGNOSTICS gone = ROW_COUNT;
    UPDATE members m SET last_read_seq = last_gone WHERE m.conversation_id = conversation AND m.last_read_seq < last_gone;
    RETURN gone;
END
$$;
