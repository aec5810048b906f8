-- Pinned messages of conversations, and messages that people save for themselves.

-- A pin is part of its message: `pin_message` gives the message a new rev, and `delete_message` removes the pin.
CREATE TABLE pins (
    conversation_id bigint      NOT NULL,
    seq             bigint      NOT NULL,
    -- Who pinned it.
    user_id         bigint      NOT NULL REFERENCES users,
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (conversation_id, seq),
    FOREIGN KEY (conversation_id, seq) REFERENCES messages ON DELETE CASCADE
);

-- Nobody else learns what a person saves: it takes no rev. The row stays while the person is away from the conversation,
-- and shows again when they come back.
CREATE TABLE saved (
    user_id         bigint      NOT NULL REFERENCES users,
    conversation_id bigint      NOT NULL,
    seq             bigint      NOT NULL,
    -- Grows with time: pages of the list go by it.
    number          bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    created_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, conversation_id, seq),
    FOREIGN KEY (conversation_id, seq) REFERENCES messages ON DELETE CASCADE
);
CREATE UNIQUE INDEX saved_list ON saved (user_id, number);
-- For messages that are deleted.
CREATE INDEX saved_message ON saved (conversation_id, seq);
