-- One person in {people} conversations: a public room of {messages} messages over two years, and a direct conversation
-- of 20 messages with everybody else. Words have the frequencies of a language: the most frequent is in every third message.
ALTER TABLE messages DISABLE TRIGGER USER;
INSERT INTO users (name, password_hash) SELECT 'person-' || n, 'none' FROM generate_series(2, {people}) n;
INSERT INTO conversations (kind, title) VALUES ('public', 'big');
INSERT INTO conversations (direct_low, direct_high) SELECT 1, n FROM generate_series(2, {people}) n;

CREATE TEMP TABLE made AS
SELECT 1::bigint AS conversation_id, n AS seq, 1 + n % 20 AS sender_id,
       now() - interval '730 days' + interval '730 days' * n / {messages} AS at
FROM generate_series(1, {messages}) n
UNION ALL
-- The last message of each lies somewhere in the two years.
SELECT other, n, CASE n % 2 WHEN 0 THEN 1 ELSE other END,
       now() - interval '700 days' * other / {people} - interval '10 minutes' * (20 - n)
FROM generate_series(2, {people}) other, generate_series(1, 20) n;

INSERT INTO messages (conversation_id, seq, rev, sender_id, client_id, body, created_at)
SELECT conversation_id, seq, seq, sender_id, gen_random_uuid(),
       (SELECT string_agg('word' || floor(20000 * random() ^ 3)::int, ' ') FROM generate_series(1, 4 + seq % 17))
       || CASE WHEN seq % 200 = 0 THEN ' middling' ELSE '' END
       || CASE WHEN seq % 50 = 0 THEN ' https://example.com/' || seq ELSE '' END
       || CASE WHEN conversation_id = 1 AND seq % ({messages} / 20) = 0 THEN ' zebra' ELSE '' END,
       at
FROM made;

UPDATE conversations c SET rev = s.last, last_seq = s.last, last_at = s.at
FROM (SELECT conversation_id, max(seq) AS last, max(at) AS at FROM made GROUP BY conversation_id) s
WHERE s.conversation_id = c.id;
INSERT INTO members (conversation_id, user_id, joined_rev, bucket)
SELECT c.id, person, 0, date_bin('6 hours', c.last_at, '2020-01-01 00:00:00+00')
FROM conversations c CROSS JOIN LATERAL (
    SELECT unnest(ARRAY[c.direct_low, c.direct_high]) AS person WHERE c.kind = 'direct'
    UNION ALL
    SELECT generate_series(1, 20) WHERE c.kind = 'public') people;
ALTER TABLE messages ENABLE TRIGGER USER;
