-- The lexemes that a message can be found by. `files` are the names of its attachments, null if it has none; `images`
-- says whether one is a picture. The planner inlines the expression: a real call would cost more than all the rest of
-- it.
--
-- Locks: none.
-- Called by: search_added, search_words_of.
CREATE OR REPLACE FUNCTION search_words(language regconfig, number bigint, conversation bigint, sender bigint,
                                        body text, files text, images boolean)
RETURNS tsvector LANGUAGE sql IMMUTABLE AS $$
    SELECT to_tsvector(language, body || coalesce(' ' || files, ''))
        || array_to_tsvector(
               -- Blocks of 2^10, 2^14 and 2^18 numbers.
               ARRAY['n10 ' || (number >> 10)::text, 'n14 ' || (number >> 14)::text, 'n18 ' || (number >> 18)::text,
                     'in ' || conversation::text, 'from ' || sender::text]
               || CASE WHEN body ~* 'https?://\S' THEN ARRAY['has link'] END
               || CASE WHEN files IS NOT NULL THEN ARRAY['has file'] END
               || CASE WHEN images THEN ARRAY['has image'] END)
$$;
