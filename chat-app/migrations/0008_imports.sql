-- What `chat-app import` brought in from another chat. An import that is interrupted continues where it was, and one that is
-- repeated changes nothing.

-- The account that stands for a person or a program of another chat.
CREATE TABLE imported_users (
    -- The chat, such as `slack/T0123ABCD`.
    source    text   NOT NULL,
    source_id text   NOT NULL,
    user_id   bigint NOT NULL REFERENCES users,
    PRIMARY KEY (source, source_id)
);

-- Until it is finished, an imported conversation has no members, so that nobody sees half of it.
CREATE TABLE imported_conversations (
    source          text        NOT NULL,
    source_id       text        NOT NULL,
    conversation_id bigint      NOT NULL UNIQUE REFERENCES conversations,
    -- The time of the newest message that has come, in microseconds since 1970.
    reached         bigint      NOT NULL DEFAULT 0,
    -- Revs up to this one were never on the events topic.
    last_rev        bigint      NOT NULL DEFAULT 0,
    finished_at     timestamptz,
    PRIMARY KEY (source, source_id)
);

-- `imported`: what is above comes from another chat, which `text` names. Not validated: what the former constraint allowed,
-- this one allows.
ALTER TABLE notices DROP CONSTRAINT notices_kind_check;
ALTER TABLE notices ADD CONSTRAINT notices_kind_check
    CHECK (kind IN ('created', 'joined', 'added', 'left', 'removed', 'renamed', 'topic', 'promoted', 'demoted', 'imported'))
    NOT VALID;
