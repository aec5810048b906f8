-- Second factors: authenticator apps (TOTP, RFC 6238) with their recovery codes, and logins that wait for a code.

-- One for each person who has set one up.
CREATE TABLE authenticators (
    user_id    bigint      PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    -- The secret that the app has too, encrypted with the chat's key: a copy of this table gives no codes.
    secret     bytea       NOT NULL CHECK (octet_length(secret) BETWEEN 29 AND 256),
    -- The time step of the last code that was accepted: neither it nor an older one is accepted again.
    last_step  bigint      NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- Each takes the place of a code of the app, once.
CREATE TABLE recovery_codes (
    user_id   bigint NOT NULL REFERENCES authenticators ON DELETE CASCADE,
    -- SHA-256 of 120 random bits.
    code_hash bytea  NOT NULL CHECK (octet_length(code_hash) = 32),
    PRIMARY KEY (user_id, code_hash)
);

-- People whose second factor somebody else has removed, until they have read it.
CREATE TABLE removed_second_factors (
    user_id    bigint      PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    removed_at timestamptz NOT NULL DEFAULT now()
);

-- Authenticator apps that no code has confirmed yet. After a crash of PostgreSQL it is empty, and people begin again.
CREATE UNLOGGED TABLE authenticator_setups (
    session_id bigint      PRIMARY KEY REFERENCES sessions ON DELETE CASCADE,
    -- Encrypted, as in `authenticators`.
    secret     bytea       NOT NULL CHECK (octet_length(secret) BETWEEN 29 AND 256),
    began_at   timestamptz NOT NULL DEFAULT now()
);

-- Logins whose password was right and that wait for a code. They are no sessions. After a crash of PostgreSQL it is empty, and people
-- begin again.
CREATE UNLOGGED TABLE pending_logins (
    -- SHA-256 of a cookie: the browser that began it must end it.
    browser_hash bytea       PRIMARY KEY CHECK (octet_length(browser_hash) = 32),
    user_id      bigint      NOT NULL REFERENCES users ON DELETE CASCADE,
    -- Where the person was going.
    next         text        NOT NULL CHECK (length(next) <= 2048),
    began_at     timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX pending_logins_user ON pending_logins (user_id);
