-- Groups and rooms; edits, deletions, reactions, replies, mentions and files; lines in the flow that are no messages.
-- Expands only: the previous release goes on with `send_batch` and direct conversations.

ALTER TABLE users
    -- What others see; the name is what one signs in with.
    ADD COLUMN display_name   text CHECK (length(display_name) BETWEEN 1 AND 64),
    ADD COLUMN is_admin       boolean     NOT NULL DEFAULT false,
    ADD COLUMN disabled_at    timestamptz,
    -- The account was deleted: the row stays for the messages, under a name that says nothing.
    ADD COLUMN former         boolean     NOT NULL DEFAULT false,
    ADD COLUMN avatar         uuid,
    ADD COLUMN language       text CHECK (language ~ '^[a-z]{2}$'),
    -- Do not disturb between these minutes of the day, in this zone.
    ADD COLUMN dnd_from       smallint CHECK (dnd_from BETWEEN 0 AND 1439),
    ADD COLUMN dnd_to         smallint CHECK (dnd_to BETWEEN 0 AND 1439),
    ADD COLUMN time_zone      text CHECK (length(time_zone) <= 64),
    ADD COLUMN share_presence boolean     NOT NULL DEFAULT true,
    ADD COLUMN share_typing   boolean     NOT NULL DEFAULT true,
    ADD COLUMN share_receipts boolean     NOT NULL DEFAULT true;

-- `blocked_id` sends no direct messages to `user_id`, whose pages fold what they say elsewhere.
CREATE TABLE blocks (
    user_id    bigint      NOT NULL REFERENCES users,
    blocked_id bigint      NOT NULL REFERENCES users,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, blocked_id),
    CHECK (user_id <> blocked_id)
);

ALTER TABLE conversations
    ALTER COLUMN direct_low DROP NOT NULL,
    ALTER COLUMN direct_high DROP NOT NULL,
    -- `direct`: two people for ever. `group`: some people. `public`: a room that anyone may join and read back.
    -- `private`: a room by invitation.
    ADD COLUMN kind  text    NOT NULL DEFAULT 'direct' CHECK (kind IN ('direct', 'group', 'public', 'private')),
    ADD COLUMN title text CHECK (length(title) BETWEEN 1 AND 80),
    ADD COLUMN topic text    NOT NULL DEFAULT '' CHECK (length(topic) <= 250),
    -- Had more than 64 members once: its records name nobody, and each replica knows who of its people is in it.
    ADD COLUMN large boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT conversations_direct_pair
        CHECK ((kind = 'direct') = (direct_low IS NOT NULL AND direct_high IS NOT NULL)),
    ADD CONSTRAINT conversations_room_title CHECK (kind IN ('direct', 'group') OR title IS NOT NULL);
CREATE INDEX conversations_public ON conversations (lower(title), id) WHERE kind = 'public';

ALTER TABLE members
    ADD COLUMN role         text   NOT NULL DEFAULT 'member' CHECK (role IN ('owner', 'member')),
    -- Where the conversation's messages stood at the joining: earlier ones are not unread, and but for public rooms
    -- not to be read either.
    ADD COLUMN joined_seq   bigint NOT NULL DEFAULT 0,
    -- What one is notified of; `none` is muted.
    ADD COLUMN level        text   NOT NULL DEFAULT 'all' CHECK (level IN ('all', 'mentions', 'none')),
    -- Raised by each "mark unread": automatic marks made before it are ignored.
    ADD COLUMN read_version bigint NOT NULL DEFAULT 0;
CREATE INDEX members_large ON members (user_id) INCLUDE (conversation_id) WHERE left_rev IS NULL;

ALTER TABLE messages
    ADD COLUMN edited_at  timestamptz,
    -- A tombstone: the body is empty.
    ADD COLUMN deleted_at timestamptz,
    ADD COLUMN reply_to   bigint,
    -- The rev of its sending, once `rev` has become that of a later change.
    ADD COLUMN sent_rev   bigint;

CREATE TABLE reactions (
    conversation_id bigint      NOT NULL,
    seq             bigint      NOT NULL,
    emoji           text        NOT NULL CHECK (length(emoji) BETWEEN 1 AND 32),
    user_id         bigint      NOT NULL REFERENCES users,
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (conversation_id, seq, emoji, user_id),
    FOREIGN KEY (conversation_id, seq) REFERENCES messages ON DELETE CASCADE
);

CREATE TABLE mentions (
    user_id         bigint NOT NULL REFERENCES users,
    conversation_id bigint NOT NULL,
    seq             bigint NOT NULL,
    PRIMARY KEY (user_id, conversation_id, seq),
    FOREIGN KEY (conversation_id, seq) REFERENCES messages ON DELETE CASCADE
);
CREATE INDEX mentions_message ON mentions (conversation_id, seq);

-- What happened to a conversation besides messages, shown in the flow after the message `after_seq`. Takes a rev, no seq.
CREATE TABLE notices (
    conversation_id bigint      NOT NULL REFERENCES conversations,
    rev             bigint      NOT NULL,
    after_seq       bigint      NOT NULL,
    kind            text        NOT NULL
        CHECK (kind IN ('created', 'joined', 'added', 'left', 'removed', 'renamed', 'topic', 'promoted', 'demoted')),
    actor_id        bigint      NOT NULL REFERENCES users,
    subject_id      bigint REFERENCES users,
    text            text,
    created_at      timestamptz NOT NULL,
    PRIMARY KEY (conversation_id, rev)
);
CREATE INDEX notices_place ON notices (conversation_id, after_seq);

-- What is known of a file; the store has its bytes. Without `seq` it is not sent yet, and swept after a day.
CREATE TABLE attachments (
    id              uuid        PRIMARY KEY,
    conversation_id bigint      NOT NULL REFERENCES conversations,
    owner_id        bigint      NOT NULL REFERENCES users,
    seq             bigint,
    name            text        NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
    media_type      text        NOT NULL CHECK (length(media_type) <= 127),
    bytes           bigint      NOT NULL,
    width           integer,
    height          integer,
    thumbnail       boolean     NOT NULL DEFAULT false,
    created_at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX attachments_message ON attachments (conversation_id, seq) WHERE seq IS NOT NULL;
CREATE INDEX attachments_waiting ON attachments (created_at) WHERE seq IS NULL;

-- As `send_batch`, with what a message may have besides its text: `extras` is null or
-- {"reply_to": seq, "mentions": [name], "attachments": [uuid]}.
-- More outcomes: `blocked` (the other one takes no messages from the sender), `no_attachment` (one is gone or not theirs).
-- `recipients` is null where the room is large.
CREATE FUNCTION append_messages(conversation_ids bigint[], sender_ids bigint[], client_ids uuid[], bodies text[], extras jsonb[])
RETURNS TABLE (outcome text, seq bigint, rev bigint, at timestamptz, sender_name text, sender_avatar uuid,
               kind text, recipients bigint[])
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
               c.kind, old.seq AS old_seq, old.rev AS old_rev, old.created_at AS old_at,
               CASE WHEN m.user_id IS NULL THEN 'not_member'
                    WHEN old.seq IS NOT NULL THEN 'duplicate'
                    WHEN b.user_id IS NOT NULL THEN 'blocked'
                    WHEN (SELECT count(*) FROM jsonb_array_elements_text(w.extra -> 'attachments') id
                          JOIN attachments a ON a.id = id::uuid AND a.owner_id = w.sender_id AND a.seq IS NULL
                                            AND a.conversation_id = w.conversation_id)
                         < coalesce(jsonb_array_length(w.extra -> 'attachments'), 0) THEN 'no_attachment'
                    ELSE 'sent' END AS standing,
               CASE WHEN c.kind = 'public' THEN 0 ELSE m.joined_seq END AS floor,
               row_number() OVER (PARTITION BY w.conversation_id, w.sender_id, w.client_id ORDER BY w.ord) AS copy
        FROM unnest(conversation_ids, sender_ids, client_ids, bodies, extras)
             WITH ORDINALITY AS w (conversation_id, sender_id, client_id, body, extra, ord)
        LEFT JOIN conversations c ON c.id = w.conversation_id
        LEFT JOIN members m ON m.conversation_id = w.conversation_id AND m.user_id = w.sender_id AND m.left_rev IS NULL
        LEFT JOIN messages old ON old.conversation_id = w.conversation_id AND old.sender_id = w.sender_id
                              AND old.client_id = w.client_id
        LEFT JOIN blocks b ON c.kind = 'direct' AND b.blocked_id = w.sender_id
                          AND b.user_id = CASE c.direct_low WHEN w.sender_id THEN c.direct_high ELSE c.direct_low END
    ), fresh AS (
        SELECT w.*, head_seq + n AS new_seq, head_rev + n AS new_rev
        FROM (SELECT *, row_number() OVER (PARTITION BY conversation_id ORDER BY ord) AS n
              FROM wanted WHERE standing = 'sent' AND copy = 1) w
    ), touched AS (
        SELECT conversation_id, count(*) AS n, max(at) AS at,
               date_bin('6 hours', max(at), '2020-01-01 00:00:00+00') AS bucket
        FROM fresh GROUP BY conversation_id
    ), written AS (
        INSERT INTO messages (conversation_id, seq, rev, sender_id, client_id, body, created_at, reply_to)
        SELECT conversation_id, new_seq, new_rev, sender_id, client_id, body, at,
               (SELECT q.seq FROM messages q WHERE q.conversation_id = f.conversation_id AND q.seq > f.floor
                                               AND q.seq = (f.extra ->> 'reply_to')::bigint)
        FROM fresh f
        RETURNING conversation_id, seq
    ), mentioned AS (
        INSERT INTO mentions (user_id, conversation_id, seq)
        SELECT DISTINCT u.id, f.conversation_id, f.new_seq
        FROM fresh f
        -- Its rows are there for the foreign key.
        JOIN written w ON w.conversation_id = f.conversation_id AND w.seq = f.new_seq
        CROSS JOIN jsonb_array_elements_text(f.extra -> 'mentions') AS called
        JOIN users u ON u.name = called
        JOIN members m ON m.conversation_id = f.conversation_id AND m.user_id = u.id AND m.left_rev IS NULL
    ), attached AS (
        UPDATE attachments a SET seq = f.new_seq
        FROM fresh f CROSS JOIN jsonb_array_elements_text(f.extra -> 'attachments') AS wanted_id
        WHERE a.id = wanted_id::uuid AND a.owner_id = f.sender_id AND a.conversation_id = f.conversation_id AND a.seq IS NULL
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
END
$$;

-- The next rev of a conversation, told both ways. The caller holds the lock on its row.
CREATE FUNCTION next_rev(conversation bigint) RETURNS bigint LANGUAGE sql AS $$
    WITH bumped AS (
        UPDATE conversations SET rev = rev + 1 WHERE id = conversation RETURNING rev
    ), announced AS (
        INSERT INTO changes (conversation_id, rev) SELECT conversation, rev FROM bumped
    ), queued AS (
        INSERT INTO outbox (conversation_id, rev) SELECT conversation, rev FROM bumped
    )
    SELECT rev FROM bumped
$$;

-- The functions below are each one call that is its own transaction, so that no lock waits for the network. They answer
-- 'done', 'not_found' (to this person there is no such thing) or 'forbidden', and the first and the last rev that they took
-- (none where `rev` is null: all was as asked for already).

-- A line in the flow. The caller holds the lock.
CREATE FUNCTION add_notice(conversation bigint, what text, actor bigint, subject bigint, words text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    new_rev bigint := next_rev(conversation);
BEGIN
    INSERT INTO notices (conversation_id, rev, after_seq, kind, actor_id, subject_id, text, created_at)
    SELECT c.id, new_rev, c.last_seq, what, actor, subject, words, greatest(clock_timestamp(), c.last_at)
    FROM conversations c WHERE c.id = conversation;
    RETURN new_rev;
END
$$;

-- Lets somebody in, or back in; nothing where they are in already. The caller holds the lock.
CREATE FUNCTION let_in(conversation bigint, what text, actor bigint, person bigint, as_role text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    new_rev bigint;
BEGIN
    IF EXISTS (SELECT FROM members m WHERE m.conversation_id = conversation AND m.user_id = person AND m.left_rev IS NULL) THEN
        RETURN NULL;
    END IF;
    new_rev := add_notice(conversation, what, actor, nullif(person, actor), NULL);
    INSERT INTO members AS m (conversation_id, user_id, joined_rev, joined_seq, last_read_seq, role, bucket)
    SELECT c.id, person, new_rev - 1, c.last_seq, c.last_seq, as_role,
           date_bin('6 hours', now(), '2020-01-01 00:00:00+00')
    FROM conversations c WHERE c.id = conversation
    ON CONFLICT (conversation_id, user_id) DO UPDATE
        SET joined_rev = excluded.joined_rev, joined_seq = excluded.joined_seq, last_read_seq = excluded.last_read_seq,
            left_rev = NULL, role = excluded.role, bucket = excluded.bucket, read_version = m.read_version + 1;
    UPDATE conversations c SET large = true
    WHERE c.id = conversation AND NOT c.large
      AND (SELECT count(*) FROM members m WHERE m.conversation_id = conversation AND m.left_rev IS NULL) > 64;
    RETURN new_rev;
END
$$;

-- Makes a group or a room with these people in it; answers its id.
CREATE FUNCTION create_conversation(what text, name text, about text, owner bigint, people bigint[]) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    new_id bigint;
    person bigint;
BEGIN
    INSERT INTO conversations (kind, title, topic) VALUES (what, name, about) RETURNING id INTO new_id;
    PERFORM let_in(new_id, 'created', owner, owner, 'owner');
    FOR person IN SELECT u.id FROM users u WHERE u.id = ANY (people) AND u.id <> owner
                  AND u.disabled_at IS NULL AND NOT u.former ORDER BY u.id LOOP
        PERFORM let_in(new_id, 'added', owner, person, 'member');
    END LOOP;
    RETURN new_id;
END
$$;

-- Joins a public room.
CREATE FUNCTION join_room(conversation bigint, person bigint, OUT outcome text, OUT first bigint, OUT rev bigint) LANGUAGE plpgsql AS $$
BEGIN
    SELECT c.rev + 1 INTO first FROM conversations c WHERE c.id = conversation AND c.kind = 'public' FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        outcome := 'not_found';
        RETURN;
    END IF;
    rev := let_in(conversation, 'joined', person, person, 'member');
    outcome := 'done';
END
$$;

-- Brings people into a group or a room: in a group and a public room every member may, in a private one its owners.
CREATE FUNCTION add_people(conversation bigint, actor bigint, people bigint[], OUT outcome text, OUT first bigint, OUT rev bigint)
LANGUAGE plpgsql AS $$
DECLARE
    room   conversations;
    own    text;
    person bigint;
BEGIN
    SELECT * INTO room FROM conversations c WHERE c.id = conversation AND c.kind <> 'direct' FOR NO KEY UPDATE;
    SELECT m.role INTO own FROM members m
    WHERE m.conversation_id = conversation AND m.user_id = actor AND m.left_rev IS NULL;
    IF room.id IS NULL OR own IS NULL THEN
        outcome := 'not_found';
    ELSIF room.kind = 'private' AND own <> 'owner' THEN
        outcome := 'forbidden';
    ELSE
        first := room.rev + 1;
        FOR person IN SELECT u.id FROM users u WHERE u.id = ANY (people)
                      AND u.disabled_at IS NULL AND NOT u.former ORDER BY u.id LOOP
            rev := coalesce(let_in(conversation, 'added', actor, person, 'member'), rev);
        END LOOP;
        outcome := 'done';
    END IF;
END
$$;

-- Takes a person out of a group or a room: oneself, or as its owner (or an administrator) another one.
-- Whoever is left longest takes over from the last owner.
CREATE FUNCTION let_out(conversation bigint, actor bigint, person bigint, as_admin boolean, OUT outcome text, OUT first bigint, OUT rev bigint)
LANGUAGE plpgsql AS $$
DECLARE
    own  text;
    heir bigint;
BEGIN
    SELECT c.rev + 1 INTO first FROM conversations c WHERE c.id = conversation AND c.kind <> 'direct' FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        outcome := 'not_found';
        RETURN;
    END IF;
    SELECT m.role INTO own FROM members m
    WHERE m.conversation_id = conversation AND m.user_id = actor AND m.left_rev IS NULL;
    IF own IS NULL AND NOT as_admin OR NOT EXISTS (
        SELECT FROM members m WHERE m.conversation_id = conversation AND m.user_id = person AND m.left_rev IS NULL) THEN
        outcome := 'not_found';
        RETURN;
    ELSIF actor <> person AND own IS DISTINCT FROM 'owner' AND NOT as_admin THEN
        outcome := 'forbidden';
        RETURN;
    END IF;
    rev := add_notice(conversation, CASE WHEN actor = person THEN 'left' ELSE 'removed' END, actor, nullif(person, actor), NULL);
    UPDATE members m SET left_rev = rev WHERE m.conversation_id = conversation AND m.user_id = person;
    DELETE FROM mentions x WHERE x.user_id = person AND x.conversation_id = conversation;
    IF NOT EXISTS (SELECT FROM members m WHERE m.conversation_id = conversation AND m.left_rev IS NULL AND m.role = 'owner') THEN
        SELECT m.user_id INTO heir FROM members m WHERE m.conversation_id = conversation AND m.left_rev IS NULL
        ORDER BY m.joined_rev, m.user_id LIMIT 1;
        IF heir IS NOT NULL THEN
            UPDATE members m SET role = 'owner' WHERE m.conversation_id = conversation AND m.user_id = heir;
            rev := add_notice(conversation, 'promoted', actor, heir, NULL);
        END IF;
    END IF;
    outcome := 'done';
END
$$;

-- Changes the name or the topic line: in a group every member may, in a room its owners.
CREATE FUNCTION describe(conversation bigint, actor bigint, new_title text, new_topic text, as_admin boolean,
                         OUT outcome text, OUT first bigint, OUT rev bigint)
LANGUAGE plpgsql AS $$
DECLARE
    room conversations;
    own  text;
BEGIN
    SELECT * INTO room FROM conversations c WHERE c.id = conversation AND c.kind <> 'direct' FOR NO KEY UPDATE;
    SELECT m.role INTO own FROM members m
    WHERE m.conversation_id = conversation AND m.user_id = actor AND m.left_rev IS NULL;
    IF room.id IS NULL OR own IS NULL AND NOT as_admin THEN
        outcome := 'not_found';
    ELSIF room.kind <> 'group' AND own IS DISTINCT FROM 'owner' AND NOT as_admin THEN
        outcome := 'forbidden';
    ELSE
        first := room.rev + 1;
        UPDATE conversations c SET title = new_title, topic = new_topic WHERE c.id = conversation;
        IF room.title IS DISTINCT FROM new_title THEN
            rev := add_notice(conversation, 'renamed', actor, NULL, new_title);
        END IF;
        IF room.topic <> new_topic THEN
            rev := add_notice(conversation, 'topic', actor, NULL, new_topic);
        END IF;
        outcome := 'done';
    END IF;
END
$$;

-- Makes a member an owner or an owner a member again; the last owner stays one.
CREATE FUNCTION set_role(conversation bigint, actor bigint, person bigint, new_role text, as_admin boolean,
                         OUT outcome text, OUT first bigint, OUT rev bigint)
LANGUAGE plpgsql AS $$
DECLARE
    own text;
    was text;
BEGIN
    SELECT c.rev + 1 INTO first FROM conversations c WHERE c.id = conversation AND c.kind <> 'direct' FOR NO KEY UPDATE;
    SELECT m.role INTO own FROM members m
    WHERE m.conversation_id = conversation AND m.user_id = actor AND m.left_rev IS NULL;
    SELECT m.role INTO was FROM members m
    WHERE m.conversation_id = conversation AND m.user_id = person AND m.left_rev IS NULL;
    IF was IS NULL OR own IS NULL AND NOT as_admin THEN
        outcome := 'not_found';
    ELSIF own IS DISTINCT FROM 'owner' AND NOT as_admin THEN
        outcome := 'forbidden';
    ELSIF new_role = 'member' AND was = 'owner' AND (
        SELECT count(*) FROM members m
        WHERE m.conversation_id = conversation AND m.left_rev IS NULL AND m.role = 'owner') = 1 THEN
        outcome := 'forbidden';
    ELSE
        IF was <> new_role THEN
            UPDATE members m SET role = new_role WHERE m.conversation_id = conversation AND m.user_id = person;
            rev := add_notice(conversation, CASE new_role WHEN 'owner' THEN 'promoted' ELSE 'demoted' END, actor, person, NULL);
        END IF;
        outcome := 'done';
    END IF;
END
$$;

-- Whether a member may see the message, with the conversation locked; its row, or null.
CREATE FUNCTION locked_message(conversation bigint, place bigint, person bigint, as_admin boolean) RETURNS messages
LANGUAGE plpgsql AS $$
DECLARE
    found_message messages;
BEGIN
    PERFORM FROM conversations c WHERE c.id = conversation FOR NO KEY UPDATE;
    SELECT s.* INTO found_message FROM messages s JOIN conversations c ON c.id = s.conversation_id
    WHERE s.conversation_id = conversation AND s.seq = place AND s.deleted_at IS NULL AND (as_admin OR EXISTS (
        SELECT FROM members m WHERE m.conversation_id = conversation AND m.user_id = person AND m.left_rev IS NULL
        AND (c.kind = 'public' OR m.joined_seq < place)));
    RETURN found_message;
END
$$;

-- Changes what one's own message says.
CREATE FUNCTION edit_message(conversation bigint, place bigint, person bigint, new_body text, called text[],
                             OUT outcome text, OUT first bigint, OUT rev bigint)
LANGUAGE plpgsql AS $$
DECLARE
    message messages := locked_message(conversation, place, person, false);
BEGIN
    IF message.seq IS NULL THEN
        outcome := 'not_found';
    ELSIF message.sender_id <> person THEN
        outcome := 'forbidden';
    ELSE
        outcome := 'done';
        IF message.body = new_body THEN
            RETURN;
        END IF;
        rev := next_rev(conversation);
        first := rev;
        UPDATE messages s SET body = new_body, edited_at = clock_timestamp(), rev = edit_message.rev,
                              sent_rev = coalesce(s.sent_rev, s.rev)
        WHERE s.conversation_id = conversation AND s.seq = place;
        DELETE FROM mentions x WHERE x.conversation_id = conversation AND x.seq = place
            AND x.user_id NOT IN (SELECT u.id FROM users u WHERE u.name = ANY (called));
        INSERT INTO mentions (user_id, conversation_id, seq)
        SELECT u.id, conversation, place FROM users u
        JOIN members m ON m.conversation_id = conversation AND m.user_id = u.id AND m.left_rev IS NULL
        WHERE u.name = ANY (called)
        ON CONFLICT DO NOTHING;
    END IF;
END
$$;

-- Leaves a tombstone: by its sender, an owner of the room or an administrator. What it said is gone.
CREATE FUNCTION delete_message(conversation bigint, place bigint, person bigint, as_admin boolean,
                               OUT outcome text, OUT first bigint, OUT rev bigint)
LANGUAGE plpgsql AS $$
DECLARE
    message messages := locked_message(conversation, place, person, as_admin);
BEGIN
    IF message.seq IS NULL THEN
        outcome := 'not_found';
    ELSIF message.sender_id <> person AND NOT as_admin AND NOT EXISTS (
        SELECT FROM members m JOIN conversations c ON c.id = m.conversation_id
        WHERE m.conversation_id = conversation AND m.user_id = person AND m.left_rev IS NULL AND m.role = 'owner'
          AND c.kind <> 'direct') THEN
        outcome := 'forbidden';
    ELSE
        rev := next_rev(conversation);
        first := rev;
        UPDATE messages s SET body = '', deleted_at = clock_timestamp(), edited_at = NULL, reply_to = NULL,
                              rev = delete_message.rev, sent_rev = coalesce(s.sent_rev, s.rev)
        WHERE s.conversation_id = conversation AND s.seq = place;
        DELETE FROM reactions r WHERE r.conversation_id = conversation AND r.seq = place;
        DELETE FROM mentions x WHERE x.conversation_id = conversation AND x.seq = place;
        DELETE FROM attachments a WHERE a.conversation_id = conversation AND a.seq = place;
        outcome := 'done';
    END IF;
END
$$;

-- Adds or takes back a reaction; a message has at most 20 kinds of them.
CREATE FUNCTION react(conversation bigint, place bigint, person bigint, with_emoji text, present boolean,
                      OUT outcome text, OUT first bigint, OUT rev bigint)
LANGUAGE plpgsql AS $$
DECLARE
    message messages := locked_message(conversation, place, person, false);
    changed boolean;
BEGIN
    IF message.seq IS NULL THEN
        outcome := 'not_found';
        RETURN;
    ELSIF present AND (SELECT count(DISTINCT r.emoji) FROM reactions r WHERE r.conversation_id = conversation
                       AND r.seq = place AND r.emoji <> with_emoji) >= 20 THEN
        outcome := 'forbidden';
        RETURN;
    ELSIF present THEN
        INSERT INTO reactions (conversation_id, seq, emoji, user_id) VALUES (conversation, place, with_emoji, person)
        ON CONFLICT DO NOTHING;
    ELSE
        DELETE FROM reactions r WHERE r.conversation_id = conversation AND r.seq = place
            AND r.emoji = with_emoji AND r.user_id = person;
    END IF;
    changed := FOUND;
    IF changed THEN
        rev := next_rev(conversation);
        first := rev;
        UPDATE messages s SET rev = react.rev, sent_rev = coalesce(s.sent_rev, s.rev)
        WHERE s.conversation_id = conversation AND s.seq = place;
    END IF;
    outcome := 'done';
END
$$;
