-- The chat-app cuts messages into words, no longer PostgreSQL.

-- Messages to index: new ones, and those that have changed. Triggers add them, and a replica takes them from here within
-- about a second. A message may be here several times.
CREATE TABLE unindexed (
    conversation_id bigint NOT NULL,
    seq             bigint NOT NULL
);

-- How the words of all entries were cut, as a number that grows whenever that changes; `migrate` makes older entries again.
ALTER TABLE search_settings ADD COLUMN cutting integer NOT NULL DEFAULT 0;
