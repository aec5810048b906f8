-- Adds or removes a reaction. A message has at most 20 different ones.
-- Returns `outcome` ('done', 'not_found' to this person, or 'forbidden') and the first and the last rev that it took;
-- `rev` is null when there was nothing to change.
--
-- Locks: the conversation's row, through locked_message.
-- Called by: store/messages.rs.
CREATE OR REPLACE FUNCTION react(conversation bigint, place bigint, person bigint, with_emoji text, present boolean,
                                 OUT outcome text, OUT first bigint, OUT rev bigint)
LANGUAGE plpgsql AS $$
DECLARE
    message messages := locked_message(conversation, place, person, false);
    changed boolean;
BEGIN
    IF message.seq IS NULL THEN
        outcome := 'not_found';
        RETURN;
    ELSIF present AND (SELECT count(DISTINCT r.emoji) FROM reactions r WHERE r.conversation_id = conversation
                       AND r.seq = place AND r.emoji <> with_emoji) >= 20 THEN
        outcome := 'forbidden';
        RETURN;
    ELSIF present THEN
        INSERT INTO reactions (conversation_id, seq, emoji, user_id) VALUES (conversation, place, with_emoji, person)
        ON CONFLICT DO NOTHING;
    ELSE
        DELETE FROM reactions r WHERE r.conversation_id = conversation AND r.seq = place
            AND r.emoji = with_emoji AND r.user_id = person;
    END IF;
    changed := FOUND;
    IF changed THEN
        rev := next_rev(conversation);
        first := rev;
        UPDATE messages s SET rev = react.rev, sent_rev = coalesce(s.sent_rev, s.rev)
        WHERE s.conversation_id = conversation AND s.seq = place;
        PERFORM note_event(conversation, rev, place, 'message.reacted');
    END IF;
    outcome := 'done';
END
$$;
