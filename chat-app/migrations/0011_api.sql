-- Access tokens, with which programs use the API for an account, and the accounts of bots.

CREATE TABLE access_tokens (
    -- A number that no session has: its live streams close as the sockets of a session do.
    id          bigint      NOT NULL PRIMARY KEY DEFAULT nextval('sessions_id_seq'),
    -- The account that a program with this token acts as.
    user_id     bigint      NOT NULL REFERENCES users,
    name        text        NOT NULL CHECK (length(name) <= 64),
    -- The token itself is not stored: a copy of this table opens nothing.
    token_hash  bytea       NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    -- How it begins, by which its owner recognizes it.
    prefix      text        NOT NULL CHECK (length(prefix) <= 32),
    scopes      text[]      NOT NULL,
    created_by  bigint      NOT NULL REFERENCES users,
    created_at  timestamptz NOT NULL DEFAULT now(),
    -- Null if it does not expire.
    expires_at  timestamptz,
    -- Written once a minute at most.
    used_at     timestamptz
);
CREATE INDEX access_tokens_user ON access_tokens (user_id, id);

-- The accounts of programs that administrators create. As those of hooks they have users.bot, so they cannot log in.
CREATE TABLE bots (
    user_id    bigint      PRIMARY KEY REFERENCES users,
    created_by bigint      NOT NULL REFERENCES users,
    created_at timestamptz NOT NULL DEFAULT now()
);
