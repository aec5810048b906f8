-- Single sign-on: who people are at OpenID Connect providers, and logins there that are under way.

-- A person at a provider is the provider's issuer and its subject, never a name or an e-mail address.
CREATE TABLE identities (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id      bigint      NOT NULL REFERENCES users ON DELETE CASCADE,
    issuer       text        NOT NULL CHECK (length(issuer) <= 512),
    subject      text        NOT NULL CHECK (length(subject) BETWEEN 1 AND 255),
    -- What the provider calls the account: an e-mail address or a name, for its owner to recognize.
    account      text        NOT NULL DEFAULT '' CHECK (length(account) <= 255),
    -- The display name that the provider gave at the last login: another one then replaces what is shown.
    display_name text CHECK (length(display_name) BETWEEN 1 AND 64),
    created_at   timestamptz NOT NULL DEFAULT now(),
    UNIQUE (issuer, subject)
);
CREATE INDEX identities_user ON identities (user_id);

-- A login at a provider that has begun: deleted when it ends, so that each answer counts once. After a crash of PostgreSQL it is
-- empty, and people begin again.
CREATE UNLOGGED TABLE oidc_flows (
    -- SHA-256 of the `state` parameter.
    state_hash   bytea       PRIMARY KEY CHECK (octet_length(state_hash) = 32),
    -- SHA-256 of a cookie: the browser that began it must end it.
    browser_hash bytea       NOT NULL CHECK (octet_length(browser_hash) = 32),
    provider     text        NOT NULL CHECK (length(provider) <= 32),
    -- `login`, `connect` or `confirm`.
    purpose      text        NOT NULL CHECK (length(purpose) <= 16),
    nonce        text        NOT NULL CHECK (length(nonce) <= 128),
    -- Of PKCE.
    verifier     text        NOT NULL CHECK (length(verifier) <= 128),
    -- Where the person was going.
    next         text        NOT NULL CHECK (length(next) <= 2048),
    -- Of `connect` and `confirm`: the session that began it.
    session_id   bigint,
    began_at     timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX oidc_flows_age ON oidc_flows (began_at);

-- Of a session that began at a provider: whose account it was, the provider's own session, and what ends that one too.
ALTER TABLE sessions ADD COLUMN identity_id bigint REFERENCES identities ON DELETE SET NULL;
ALTER TABLE sessions ADD COLUMN provider_sid text CHECK (length(provider_sid) <= 255);
ALTER TABLE sessions ADD COLUMN id_token text CHECK (length(id_token) <= 16384);
CREATE INDEX sessions_identity ON sessions (identity_id) WHERE identity_id IS NOT NULL;
