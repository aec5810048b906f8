-- Pins or unpins a message, as every member may who sees it. At most `most` messages of a conversation are pinned.
-- Returns `outcome` ('done', 'not_found' to this person, or 'too_many') and the first and the last rev that it took;
-- `rev` is null when there was nothing to change.
--
-- Locks: the conversation's row, through locked_message.
-- Called by: store/pins.rs.
CREATE OR REPLACE FUNCTION pin_message(conversation bigint, place bigint, person bigint, present boolean, most integer,
                                       OUT outcome text, OUT first bigint, OUT rev bigint)
LANGUAGE plpgsql AS $$
DECLARE
    message messages := locked_message(conversation, place, person, false);
    changed boolean;
BEGIN
    IF message.seq IS NULL THEN
        outcome := 'not_found';
        RETURN;
    ELSIF present AND (SELECT count(*) FROM pins p WHERE p.conversation_id = conversation AND p.seq <> place) >= most THEN
        outcome := 'too_many';
        RETURN;
    ELSIF present THEN
        INSERT INTO pins (conversation_id, seq, user_id) VALUES (conversation, place, person) ON CONFLICT DO NOTHING;
    ELSE
        DELETE FROM pins p WHERE p.conversation_id = conversation AND p.seq = place;
    END IF;
    changed := FOUND;
    IF changed THEN
        rev := next_rev(conversation);
        first := rev;
        UPDATE messages s SET rev = pin_message.rev, sent_rev = coalesce(s.sent_rev, s.rev)
        WHERE s.conversation_id = conversation AND s.seq = place;
    END IF;
    outcome := 'done';
END
$$;
