CREATE TABLE users (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name          text   NOT NULL UNIQUE,
    password_hash text   NOT NULL
);
CREATE TABLE messages (
    id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    conversation bigint      NOT NULL,
    sender       text        NOT NULL,
    body         text        NOT NULL,
    at           timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX messages_conversation ON messages (conversation, id);
-- The last message that a person has seen of each room.
CREATE TABLE reads (
    user_id      bigint REFERENCES users,
    conversation bigint,
    message      bigint NOT NULL,
    PRIMARY KEY (user_id, conversation)
);
