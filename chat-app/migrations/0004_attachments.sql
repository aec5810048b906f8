-- The bytes of files, or what is to be deleted where they are elsewhere.
-- Expands only: the previous release knows no files.

ALTER TABLE attachments
    -- Where its bytes are; a deployment that changes its store goes on reading what the old one has.
    ADD COLUMN stored text NOT NULL DEFAULT 'postgres' CHECK (stored IN ('postgres', 's3')),
    -- A file goes with its message.
    ADD CONSTRAINT attachments_of_message FOREIGN KEY (conversation_id, seq) REFERENCES messages ON DELETE CASCADE;

-- Files that one person has not sent yet are counted.
CREATE INDEX attachments_unsent ON attachments (owner_id, created_at) WHERE seq IS NULL;

-- Pieces of 256 KiB, the last one shorter: the one at an offset is found by division.
CREATE TABLE attachment_chunks (
    attachment_id uuid     NOT NULL REFERENCES attachments ON DELETE CASCADE,
    kind          text     NOT NULL CHECK (kind IN ('original', 'thumbnail')),
    number        integer  NOT NULL,
    bytes         bytea    NOT NULL CHECK (octet_length(bytes) BETWEEN 1 AND 262144),
    PRIMARY KEY (attachment_id, kind, number)
);
-- What is compressed already would only cost time.
ALTER TABLE attachment_chunks ALTER COLUMN bytes SET STORAGE EXTERNAL;

-- Objects in the bucket whose rows are gone, however they went; a worker deletes them.
CREATE TABLE attachments_gone (
    attachment_id uuid        PRIMARY KEY,
    gone_at       timestamptz NOT NULL DEFAULT now()
);

CREATE FUNCTION attachment_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO attachments_gone (attachment_id) VALUES (OLD.id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
CREATE TRIGGER attachment_gone AFTER DELETE ON attachments
    FOR EACH ROW WHEN (OLD.stored = 's3') EXECUTE FUNCTION attachment_gone();
