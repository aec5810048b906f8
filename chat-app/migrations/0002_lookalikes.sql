-- Names that look alike: how `chat-app/src/store/lookalikes.rs` finds another person's.

-- What a display name looks like, computed by the chat-app (UTS #39); null where no release that knows them has set it.
ALTER TABLE users ADD COLUMN display_name_keys text[];
CREATE INDEX users_display_name_keys ON users USING gin (display_name_keys) WHERE display_name_keys IS NOT NULL;

-- The same for login names, which have few characters that look like others.
CREATE INDEX users_name_lookalike ON users (translate(replace(name, 'm', 'rn'), '01', 'ol'));
