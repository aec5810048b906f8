-- Outgoing webhooks: what happens in a room, posted to a URL. `hooks` are the other direction.

CREATE TABLE webhooks (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    conversation_id  bigint      NOT NULL REFERENCES conversations,
    name             text        NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
    url              text        NOT NULL CHECK (length(url) BETWEEN 1 AND 1024),
    -- Which events it gets.
    events           text[]      NOT NULL,
    -- The secret is derived from this and from the chat's key, which is not here: a copy of this table signs nothing.
    salt             bytea       NOT NULL CHECK (octet_length(salt) = 32),
    -- SHA-256 of the secret: tells that the chat's key has become another one.
    secret_hash      bytea       NOT NULL CHECK (octet_length(secret_hash) = 32),
    created_by       bigint      NOT NULL REFERENCES users,
    created_at       timestamptz NOT NULL DEFAULT now(),
    disabled_at      timestamptz,
    -- `person`, or why it was disabled without one.
    disabled_because text CHECK (disabled_because IN ('person', 'gone', 'failing', 'key')),
    -- Messages up to this one have a row in `webhook_deliveries`, if they need one.
    seq              bigint      NOT NULL,
    -- All changes up to this one are delivered.
    rev              bigint      NOT NULL,
    -- Since when no delivery has succeeded.
    failing_since    timestamptz,
    -- When a replica continues; a minute ahead while one delivers; null: there is nothing to deliver.
    due_at           timestamptz,
    -- The replica that delivers; another one that takes over replaces it.
    claim            uuid
) WITH (fillfactor = 70);
CREATE INDEX webhooks_conversation ON webhooks (conversation_id, id);
CREATE INDEX webhooks_due ON webhooks (due_at) WHERE due_at IS NOT NULL;

-- Events that wait, and the last ones that do not any more. They refer to the message and have no copy of it.
CREATE TABLE webhook_deliveries (
    -- The receiver sees it: the same for each attempt.
    id         uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
    webhook_id bigint      NOT NULL REFERENCES webhooks ON DELETE CASCADE,
    -- The change, which orders them; and the message that it changed.
    rev        bigint      NOT NULL,
    seq        bigint      NOT NULL,
    event      text        NOT NULL,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    state      text        NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'failed', 'skipped')),
    attempts   integer     NOT NULL DEFAULT 0,
    tried_at   timestamptz,
    -- Of the last answer; null: there was none.
    status     smallint,
    UNIQUE (webhook_id, rev)
);
CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (webhook_id, rev) WHERE state = 'waiting';

-- `disabled`: the webhook that `text` names was disabled because of its receiver. Not validated: what the former constraint
-- allowed, this one allows.
ALTER TABLE notices DROP CONSTRAINT notices_kind_check;
ALTER TABLE notices ADD CONSTRAINT notices_kind_check
    CHECK (kind IN ('created', 'joined', 'added', 'left', 'removed', 'renamed', 'topic', 'promoted', 'demoted', 'imported',
                    'disabled'))
    NOT VALID;
