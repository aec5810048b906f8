-- Whose database this is: migrate writes the one row and refuses to work for anybody else, so that two chats never
-- share a database by mistake. Who takes the database over from a chat that is gone deletes the row.
CREATE TABLE owner (
    one      boolean PRIMARY KEY DEFAULT true CHECK (one),
    -- CONFAB_INSTANCE: <namespace>.<name> of the ChatDeployment
    instance text NOT NULL,
    since    timestamptz NOT NULL DEFAULT now()
);
