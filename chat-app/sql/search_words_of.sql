-- As search_words, for a message that may have attachments.
--
-- Locks: none.
-- Called by: reindex_message, store/search/index.rs.
CREATE OR REPLACE FUNCTION search_words_of(number bigint, conversation bigint, place bigint, sender bigint, body text)
RETURNS tsvector LANGUAGE sql STABLE AS $$
    SELECT search_words(s.language::regconfig, number, conversation, sender, body, files.names, files.images)
    FROM search_settings s, LATERAL (
        SELECT string_agg(a.name, ' ' ORDER BY a.created_at, a.id) AS names, bool_or(a.media_type LIKE 'image/%') AS images
        FROM attachments a WHERE a.conversation_id = conversation AND a.seq = place) files
$$;
