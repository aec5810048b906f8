-- When the person of a session last entered their password; null: when it began.
ALTER TABLE sessions ADD COLUMN proved_at timestamptz;
