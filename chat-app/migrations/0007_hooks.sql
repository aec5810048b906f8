-- Incoming webhooks: accounts of integrations, their hooks, and the groups of alerts that they show.

-- The account of an integration. It has no password, so it cannot log in.
ALTER TABLE users ADD COLUMN bot boolean NOT NULL DEFAULT false;

-- The name and the emoji that a message of an integration has in place of its account's name and picture. Without CHECK, which
-- would read the whole table.
ALTER TABLE messages ADD COLUMN alias text;
ALTER TABLE messages ADD COLUMN icon text;

-- A URL with which a program posts to a room. Its name is that of its account.
CREATE TABLE hooks (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    conversation_id bigint      NOT NULL REFERENCES conversations,
    -- The member of the room that its messages are from. It stays when the hook is deleted.
    bot_id          bigint      NOT NULL UNIQUE REFERENCES users,
    kind            text        NOT NULL CHECK (kind IN ('slack', 'alertmanager')),
    -- The token itself is not stored: a copy of this table posts nothing.
    token_hash      bytea       NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    -- A message may name another room that the account is a member of.
    chooses_room    boolean     NOT NULL DEFAULT false,
    created_by      bigint      NOT NULL REFERENCES users,
    created_at      timestamptz NOT NULL DEFAULT now(),
    -- Written once a minute at most.
    used_at         timestamptz,
    disabled_at     timestamptz
);
CREATE INDEX hooks_conversation ON hooks (conversation_id, id);

-- The message that shows a group of alerts: one from the first alert until all are resolved.
CREATE TABLE alert_groups (
    hook_id    bigint      NOT NULL REFERENCES hooks ON DELETE CASCADE,
    -- SHA-256 of Alertmanager's group key, which may be long.
    key_hash   bytea       NOT NULL CHECK (octet_length(key_hash) = 32),
    -- The client id of the message.
    client_id  uuid        NOT NULL,
    resolved   boolean     NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (hook_id, key_hash)
);
CREATE INDEX alert_groups_changed ON alert_groups (changed_at);
