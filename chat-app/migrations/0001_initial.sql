-- The schema of the first release: accounts, conversations with their messages, the two ways out of a commit, files, Web
-- Push, search, and what `chat-app migrate` keeps for itself. Functions are in chat-app/sql.

-- ---- Accounts ----

CREATE TABLE users (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- What a person signs in with and is mentioned by.
    name           text        NOT NULL UNIQUE CHECK (name ~ '^[a-z0-9][a-z0-9._-]{1,31}$'),
    password_hash  text        NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now(),
    -- What others see; null: the name.
    display_name   text CHECK (length(display_name) BETWEEN 1 AND 64),
    is_admin       boolean     NOT NULL DEFAULT false,
    disabled_at    timestamptz,
    -- The account was deleted. The row stays for its messages, under a name that says nothing.
    former         boolean     NOT NULL DEFAULT false,
    -- The id of the picture in `avatars`.
    avatar         uuid,
    -- Null: same as the browser.
    language       text CHECK (language ~ '^[a-z]{2}$'),
    -- Do not disturb between these minutes of the day, in this time zone.
    dnd_from       smallint CHECK (dnd_from BETWEEN 0 AND 1439),
    dnd_to         smallint CHECK (dnd_to BETWEEN 0 AND 1439),
    time_zone      text CHECK (length(time_zone) <= 64),
    share_presence boolean     NOT NULL DEFAULT true,
    share_typing   boolean     NOT NULL DEFAULT true,
    share_receipts boolean     NOT NULL DEFAULT true
);
-- Finds people by the beginning of a name, whatever the collation of the database.
CREATE INDEX users_name_prefix ON users (name text_pattern_ops);
CREATE INDEX users_display_name ON users (lower(display_name)) WHERE display_name IS NOT NULL;

CREATE TABLE sessions (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- SHA-256 of the cookie's token: a copy of this table opens no session.
    token_hash   bytea       NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    user_id      bigint      NOT NULL REFERENCES users ON DELETE CASCADE,
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    -- Browser and operating system, such as `Firefox, Linux`.
    device       text CHECK (length(device) <= 64),
    -- Written every few minutes at most.
    last_seen_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- A profile picture of 256 × 256 pixels, encoded here and not by the person who uploaded it.
CREATE TABLE avatars (
    id         uuid   PRIMARY KEY,
    user_id    bigint NOT NULL UNIQUE REFERENCES users ON DELETE CASCADE,
    media_type text   NOT NULL,
    content    bytea  NOT NULL CHECK (octet_length(content) <= 524288)
);

-- `blocked_id` cannot send direct messages to `user_id`, whose pages fold what they write elsewhere.
CREATE TABLE blocks (
    user_id    bigint      NOT NULL REFERENCES users,
    blocked_id bigint      NOT NULL REFERENCES users,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, blocked_id),
    CHECK (user_id <> blocked_id)
);
CREATE INDEX blocks_blocked ON blocks (blocked_id);

-- A link with which `max_uses` people may sign up. The token itself is not stored: a copy of this table lets nobody in.
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

-- A link with which a person sets a new password, once. A new link replaces the old one.
CREATE TABLE reset_links (
    user_id    bigint      PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    token_hash bytea       NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    expires_at timestamptz NOT NULL
);

-- Deleted accounts whose messages are to be deleted too: housekeeping leaves tombstones until none is left.
CREATE TABLE erasures (
    user_id    bigint      PRIMARY KEY REFERENCES users,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- ---- Conversations ----

-- Every change of a conversation takes the next `rev`, without gaps, under the lock on this row; a message also takes the
-- next `seq`. The counters change all the time: no index holds them and pages keep room, so that updates stay HOT.
CREATE TABLE conversations (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The two people of a direct conversation, smaller id first: each pair has one conversation.
    direct_low  bigint REFERENCES users,
    direct_high bigint REFERENCES users,
    rev         bigint      NOT NULL DEFAULT 0,
    last_seq    bigint      NOT NULL DEFAULT 0,
    last_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- `direct`: two people, for good. `group`: some people. `public`: a room that anyone may join and read from its
    -- beginning. `private`: a room by invitation.
    kind        text        NOT NULL DEFAULT 'direct' CHECK (kind IN ('direct', 'group', 'public', 'private')),
    title       text CHECK (length(title) BETWEEN 1 AND 80),
    topic       text        NOT NULL DEFAULT '' CHECK (length(topic) <= 250),
    -- Has had more than 64 members: its records list no recipients, and each replica knows which of its people are in it.
    large       boolean     NOT NULL DEFAULT false,
    UNIQUE (direct_low, direct_high),
    CHECK (direct_low < direct_high),
    CONSTRAINT conversations_direct_pair
        CHECK ((kind = 'direct') = (direct_low IS NOT NULL AND direct_high IS NOT NULL)),
    CONSTRAINT conversations_room_title CHECK (kind IN ('direct', 'group') OR title IS NOT NULL)
) WITH (fillfactor = 70);
CREATE INDEX conversations_public ON conversations (lower(title), id) WHERE kind = 'public';
CREATE INDEX conversations_title ON conversations (lower(title)) WHERE title IS NOT NULL;

-- A membership is an interval of revs: after `joined_rev`, up to and including `left_rev`.
CREATE TABLE members (
    conversation_id bigint      NOT NULL REFERENCES conversations,
    user_id         bigint      NOT NULL REFERENCES users,
    joined_rev      bigint      NOT NULL,
    left_rev        bigint,
    last_read_seq   bigint      NOT NULL DEFAULT 0,
    -- The six hours of the last activity. The list of conversations is ordered by it, so that a message need not write
    -- the row of every member: only the first one in six hours does.
    bucket          timestamptz NOT NULL,
    role            text        NOT NULL DEFAULT 'member' CHECK (role IN ('owner', 'member')),
    -- The newest message when the person joined. Earlier ones do not count as unread and, except in public rooms, cannot
    -- be read.
    joined_seq      bigint      NOT NULL DEFAULT 0,
    -- What to notify the person of; `none` is muted.
    level           text        NOT NULL DEFAULT 'all' CHECK (level IN ('all', 'mentions', 'none')),
    -- Each "mark unread" raises it: automatic marks that were made before are ignored.
    read_version    bigint      NOT NULL DEFAULT 0,
    PRIMARY KEY (conversation_id, user_id)
) WITH (fillfactor = 70);
CREATE INDEX members_list ON members (user_id, bucket DESC, conversation_id) WHERE left_rev IS NULL;
-- Which conversations a person is in, and which they have left, without reading the table.
CREATE INDEX members_large ON members (user_id) INCLUDE (conversation_id) WHERE left_rev IS NULL;
CREATE INDEX members_left ON members (user_id) INCLUDE (conversation_id) WHERE left_rev IS NOT NULL;

CREATE TABLE messages (
    conversation_id bigint      NOT NULL REFERENCES conversations,
    -- The message's place, and its count.
    seq             bigint      NOT NULL,
    -- The message's last change: a reader who has seen less must fetch it.
    rev             bigint      NOT NULL,
    sender_id       bigint      NOT NULL REFERENCES users,
    -- The client chooses it: a retry is the same message.
    client_id       uuid        NOT NULL,
    body            text        NOT NULL,
    created_at      timestamptz NOT NULL,
    edited_at       timestamptz,
    -- The message is a tombstone, with an empty body.
    deleted_at      timestamptz,
    reply_to        bigint,
    -- The rev with which it was sent, once a later change has replaced `rev`.
    sent_rev        bigint,
    PRIMARY KEY (conversation_id, seq),
    UNIQUE (conversation_id, sender_id, client_id)
);
CREATE UNIQUE INDEX messages_rev ON messages (conversation_id, rev);

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

-- What happened to a conversation other than messages, shown after the message `after_seq`. Takes a rev but no seq.
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

-- What administrators did. Never holds a secret or the text of a message.
CREATE TABLE audit_log (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at              timestamptz NOT NULL DEFAULT now(),
    actor_id        bigint      NOT NULL REFERENCES users,
    act             text        NOT NULL CHECK (length(act) <= 32),
    subject_id      bigint REFERENCES users,
    conversation_id bigint REFERENCES conversations,
    -- A room's new title, the seq of a message, the id of an invitation.
    detail          text CHECK (length(detail) <= 256)
);

-- ---- The two ways out of a commit: every replica reads `changes`; `outbox` keeps a row until Kafka has the record ----

-- What changed, by transaction: a replica reads `xid >= xmin of its last snapshot` and so misses nothing, in whatever
-- order transactions commit. Partitions of an hour, so that old rows go by DROP TABLE and not by DELETE.
CREATE TABLE changes (
    xid             xid8        NOT NULL DEFAULT pg_current_xact_id(),
    at              timestamptz NOT NULL DEFAULT now(),
    conversation_id bigint,
    rev             bigint,
    -- A session that was revoked: its sockets close.
    session_id      bigint,
    -- A user whose blocks changed, or what they share: their sockets read both again.
    user_id         bigint,
    CHECK ((conversation_id IS NULL) = (rev IS NULL)),
    CHECK (num_nonnulls(conversation_id, session_id, user_id) = 1)
) PARTITION BY RANGE (at);
CREATE INDEX changes_xid ON changes (xid);
-- Takes the rows of hours without a partition: late maintenance must not fail a send.
CREATE TABLE changes_default PARTITION OF changes DEFAULT;

-- The reader of a cursor below this has missed rows that are gone, and must read its conversations again.
CREATE TABLE changes_horizon (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    xid      xid8    NOT NULL
);
INSERT INTO changes_horizon (xid) VALUES (pg_current_xact_id());

-- References to what Kafka has not acknowledged yet. The table is almost always empty: vacuum goes by the number of dead
-- rows and not by their share.
CREATE TABLE outbox (
    conversation_id bigint      NOT NULL,
    rev             bigint      NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (conversation_id, rev)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);

-- ---- Files ----

-- The description of a file; `stored` says where its content is. Without `seq` it is not sent yet, and a sweeper deletes
-- it after a day.
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
    created_at      timestamptz NOT NULL DEFAULT now(),
    -- One per file: a deployment that moves to the other store still reads what the old one has.
    stored          text        NOT NULL DEFAULT 'postgres' CHECK (stored IN ('postgres', 's3')),
    CONSTRAINT attachments_of_message FOREIGN KEY (conversation_id, seq) REFERENCES messages ON DELETE CASCADE
);
CREATE INDEX attachments_message ON attachments (conversation_id, seq) WHERE seq IS NOT NULL;
CREATE INDEX attachments_waiting ON attachments (created_at) WHERE seq IS NULL;
-- The files that a person has not sent yet are counted.
CREATE INDEX attachments_unsent ON attachments (owner_id, created_at) WHERE seq IS NULL;

-- Pieces of 256 KiB, the last one shorter: division gives the one at an offset.
CREATE TABLE attachment_chunks (
    attachment_id uuid    NOT NULL REFERENCES attachments ON DELETE CASCADE,
    kind          text    NOT NULL CHECK (kind IN ('original', 'thumbnail')),
    number        integer NOT NULL,
    bytes         bytea   NOT NULL CHECK (octet_length(bytes) BETWEEN 1 AND 262144),
    PRIMARY KEY (attachment_id, kind, number)
);
-- Most files are compressed already: to compress them again costs time and saves nothing.
ALTER TABLE attachment_chunks ALTER COLUMN bytes SET STORAGE EXTERNAL;

-- Objects in the bucket whose rows are gone, for whatever reason; a sweeper deletes them.
CREATE TABLE attachments_gone (
    attachment_id uuid        PRIMARY KEY,
    gone_at       timestamptz NOT NULL DEFAULT now()
);

-- ---- Web Push ----

-- A browser that takes push messages. It goes with the session in which it was added.
CREATE TABLE push_subscriptions (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    session_id bigint      NOT NULL REFERENCES sessions ON DELETE CASCADE,
    user_id    bigint      NOT NULL REFERENCES users ON DELETE CASCADE,
    -- A secret: anyone who also has this chat's key may push to it.
    endpoint   text        NOT NULL UNIQUE CHECK (length(endpoint) BETWEEN 1 AND 1024),
    -- The browser's public key, uncompressed, and its secret: RFC 8291, 2.
    p256dh     bytea       NOT NULL CHECK (octet_length(p256dh) = 65),
    auth       bytea       NOT NULL CHECK (octet_length(auth) = 16),
    -- Of the page in which it was added.
    language   text        NOT NULL CHECK (language ~ '^[a-z]{2}$'),
    created_at timestamptz NOT NULL DEFAULT now(),
    -- The push service failed or asked to wait: nothing is sent before `retry_at`.
    failures   smallint    NOT NULL DEFAULT 0,
    retry_at   timestamptz NOT NULL DEFAULT '-infinity'
);
CREATE INDEX push_subscriptions_user ON push_subscriptions (user_id);
CREATE INDEX push_subscriptions_session ON push_subscriptions (session_id);

-- What to push: one row per conversation, since on the device the newest notification replaces the one before. The row
-- stays when it is done, so that a Kafka record that comes twice notifies nobody twice.
CREATE TABLE pushes (
    subscription_id bigint      NOT NULL REFERENCES push_subscriptions ON DELETE CASCADE,
    conversation_id bigint      NOT NULL REFERENCES conversations ON DELETE CASCADE,
    -- The newest message to notify of.
    seq             bigint      NOT NULL,
    -- When to send; a minute ahead while a replica sends; null when done.
    due_at          timestamptz,
    PRIMARY KEY (subscription_id, conversation_id)
) WITH (fillfactor = 70);
CREATE INDEX pushes_due ON pushes (due_at) WHERE due_at IS NOT NULL;
-- For conversations that are deleted.
CREATE INDEX pushes_conversation ON pushes (conversation_id);

-- ---- Search ----

-- The text search configuration of all entries, as `migrate` set it. Text and not regconfig, which pg_upgrade refuses.
CREATE TABLE search_settings (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    language text    NOT NULL,
    -- Entries up to this number are still in the language before; null: none.
    stale_to bigint
);
INSERT INTO search_settings (language) VALUES ('simple');

-- Not columns of `messages`: a reaction gives its message a new row, for which the GIN index would take all words again.
CREATE TABLE searchable (
    -- Grows with time over all conversations. Messages that are indexed later than they were sent have negative numbers.
    number          bigint   PRIMARY KEY,
    conversation_id bigint   NOT NULL,
    seq             bigint   NOT NULL,
    -- The words of the body and of the files' names. Beside them, as lexemes that no parser makes (they hold a space):
    -- `in 7` (conversation), `from 7` (sender), `has link|file|image`, and the blocks of numbers that the message is in.
    -- So one index scan intersects all conditions of a search, if need be within the newest numbers alone.
    words           tsvector NOT NULL,
    UNIQUE (conversation_id, seq)
);
-- With a short list of pending entries. Without one a send takes several times as long; the send that empties a long one
-- would keep its conversation locked, and searches read all of it.
CREATE INDEX searchable_words ON searchable USING gin (words) WITH (gin_pending_list_limit = 256);
CREATE SEQUENCE searchable_number OWNED BY searchable.number;

-- ---- Triggers: whatever writes a message or deletes a file, the index and the bucket follow ----

-- A trigger must name a function that exists. These do nothing until `chat-app migrate` replaces them by the files in
-- chat-app/sql, right after this migration and before a replica may start.
CREATE FUNCTION attachment_gone() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE FUNCTION search_added() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE FUNCTION search_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE FUNCTION search_gone() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;

CREATE TRIGGER search_added AFTER INSERT ON messages REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION search_added();
CREATE TRIGGER search_changed AFTER UPDATE OF body, deleted_at ON messages FOR EACH ROW
    WHEN (OLD.body IS DISTINCT FROM NEW.body OR OLD.deleted_at IS DISTINCT FROM NEW.deleted_at)
    EXECUTE FUNCTION search_changed();
CREATE TRIGGER search_gone AFTER DELETE ON messages REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION search_gone();
CREATE TRIGGER search_attached AFTER INSERT OR UPDATE OF seq, name, media_type ON attachments FOR EACH ROW
    WHEN (NEW.seq IS NOT NULL) EXECUTE FUNCTION search_changed();
CREATE TRIGGER attachment_gone AFTER DELETE ON attachments
    FOR EACH ROW WHEN (OLD.stored = 's3') EXECUTE FUNCTION attachment_gone();

-- ---- What `chat-app migrate` keeps ----

-- Whose database this is. `migrate` writes the one row and refuses to work for another chat, so that two chats never
-- share a database by mistake. To take over the database of a chat that is gone, delete the row.
CREATE TABLE owner (
    one      boolean PRIMARY KEY DEFAULT true CHECK (one),
    -- CONFAB_INSTANCE: <namespace>.<name> of the ChatDeployment.
    instance text NOT NULL,
    since    timestamptz NOT NULL DEFAULT now()
);

-- Which functions of chat-app/sql were applied, the newest last: see chat-app/src/store/schema/functions.rs.
CREATE TABLE schema_functions (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The release that applied them: {0,1,0}. Arrays compare by their first difference, as releases do.
    release    integer[]   NOT NULL,
    -- SHA-256 of all files.
    digest     bytea       NOT NULL CHECK (octet_length(digest) = 32),
    applied_at timestamptz NOT NULL DEFAULT now()
);
