-- Web Push: where people want to be told, and what they are to be told of.
-- Expands only.

-- A browser that takes pushes. It goes with the session that it was made in.
CREATE TABLE push_subscriptions (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    session_id bigint      NOT NULL REFERENCES sessions ON DELETE CASCADE,
    user_id    bigint      NOT NULL REFERENCES users ON DELETE CASCADE,
    -- Whoever knows it may push to it, once they also have our key.
    endpoint   text        NOT NULL UNIQUE CHECK (length(endpoint) BETWEEN 1 AND 1024),
    -- The browser's public key, uncompressed, and its secret: RFC 8291, 2.
    p256dh     bytea       NOT NULL CHECK (octet_length(p256dh) = 65),
    auth       bytea       NOT NULL CHECK (octet_length(auth) = 16),
    -- Of its page.
    language   text        NOT NULL CHECK (language ~ '^[a-z]{2}$'),
    created_at timestamptz NOT NULL DEFAULT now(),
    -- The push service failed or asked for patience: nothing is sent before.
    failures   smallint    NOT NULL DEFAULT 0,
    retry_at   timestamptz NOT NULL DEFAULT '-infinity'
);
CREATE INDEX push_subscriptions_user ON push_subscriptions (user_id);
CREATE INDEX push_subscriptions_session ON push_subscriptions (session_id);

-- What each of them is told: one row a conversation, since on the device the newest replaces what was there. The row stays
-- when it is done, so that a Kafka record that comes twice tells nothing twice.
CREATE TABLE pushes (
    subscription_id bigint      NOT NULL REFERENCES push_subscriptions ON DELETE CASCADE,
    conversation_id bigint      NOT NULL REFERENCES conversations ON DELETE CASCADE,
    -- The newest message that they are told of.
    seq             bigint      NOT NULL,
    -- When to send; a minute ahead while a replica sends; null when done.
    due_at          timestamptz,
    PRIMARY KEY (subscription_id, conversation_id)
) WITH (fillfactor = 70);
CREATE INDEX pushes_due ON pushes (due_at) WHERE due_at IS NOT NULL;
-- For conversations that go.
CREATE INDEX pushes_conversation ON pushes (conversation_id);
