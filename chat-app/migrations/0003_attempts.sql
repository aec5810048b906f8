-- What limits attempts at logging in and signing up, over all replicas.

-- One row for each name, device or address that tried something lately; see sql/take_attempt.sql. After a crash of PostgreSQL
-- it is empty, and writing it costs no WAL.
CREATE UNLOGGED TABLE attempts (
    -- SHA-256 of what is limited: neither names nor addresses are stored.
    key      bytea       PRIMARY KEY CHECK (octet_length(key) = 32),
    -- From then on, the limit is as if nobody had tried.
    clear_at timestamptz NOT NULL
);

-- Browsers in which a person has logged in before: attempts of others do not count against them.
CREATE TABLE known_devices (
    user_id    bigint      NOT NULL REFERENCES users ON DELETE CASCADE,
    -- SHA-256 of the cookie's token.
    token_hash bytea       NOT NULL CHECK (octet_length(token_hash) = 32),
    seen_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, token_hash)
);
