-- What is too old goes, a little at a time (annul.domain.retention says what, and why).
-- Indexes are made while nobody writes to their tables: stop hosts of older versions first.

-- One row for each subject: when it is looked at next, by whom now, and what went.
CREATE TABLE purges (
    subject      text PRIMARY KEY,
    due_at       timestamptz NOT NULL,
    leased_until timestamptz,
    reached      timestamptz,                -- up to here it was looked at
    left_from    timestamptz,                -- the first that a walk has left as it is
    day          date NOT NULL,              -- of which `gone` is counted, UTC
    gone         bigint NOT NULL DEFAULT 0,
    up_to        timestamptz,                -- what was older than this
    last_at      timestamptz                 -- when something went last
);

-- NULL: the card number is not kept any more; empty: there was none.
ALTER TABLE transactions ALTER COLUMN card_cipher DROP NOT NULL;

ALTER TABLE users ADD COLUMN left_at timestamptz;
UPDATE users SET left_at = now() WHERE NOT active;
ALTER TABLE contacts ADD COLUMN added_at timestamptz NOT NULL DEFAULT now();

CREATE INDEX messages_at ON messages (at);
CREATE INDEX refusals_cards ON refusals (received_at) WHERE card_masked <> '';
CREATE INDEX notices_created ON notices (created_at);
CREATE INDEX notifications_created ON notifications (created_at);
CREATE INDEX deliveries_notification ON deliveries (notification_id);
CREATE INDEX conclusions_evidence ON conclusions (proposed_at) WHERE evidence <> '';
CREATE INDEX idempotency_created ON idempotency (created_at);
CREATE INDEX sessions_ends ON sessions (ends_at);
CREATE INDEX terminal_stats_minute ON terminal_stats (minute);

-- What the serving role may only add to. It can let go what is too old by these and in no other way:
-- whatever it asks for, what is younger than the least days of annul.domain.retention stays.

CREATE FUNCTION purge_messages(before timestamptz, most integer) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
WITH gone AS (
    DELETE FROM public.messages WHERE ctid = ANY (ARRAY(
        SELECT m.ctid FROM public.messages m
        WHERE m.at < least(before, now() - interval '180 days')
          AND NOT EXISTS (
              SELECT FROM public.cases c
              WHERE c.id = m.transaction_id AND c.merchant_id = m.merchant_id AND c.ended = ''
              OFFSET 0)
          AND NOT EXISTS (
              SELECT FROM public.transactions t
              JOIN public.cases c ON c.merchant_id = t.merchant_id
                   AND c.original_id = coalesce(t.original_id, t.id) AND c.ended = ''
              WHERE t.id = m.transaction_id AND t.merchant_id = m.merchant_id
              OFFSET 0)
        ORDER BY m.at LIMIT most FOR UPDATE OF m SKIP LOCKED))
    RETURNING line
)
SELECT count(*) FROM gone;
$$;

-- With what webhooks are owed of it, and each attempt. What is still owed stays.
CREATE FUNCTION purge_notifications(before timestamptz, most integer) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
WITH old AS MATERIALIZED (
    SELECT n.id FROM public.notifications n
    WHERE n.created_at < least(before, now() - interval '180 days')
      AND (n.delivered_at IS NOT NULL OR n.next_attempt_at = 'infinity')
      AND NOT EXISTS (
          SELECT FROM public.webhook_outbox w
          WHERE w.notification_id = n.id AND w.merchant_id = n.merchant_id AND w.state = 'owed'
          OFFSET 0)
      AND NOT EXISTS (
          SELECT FROM public.cases c
          WHERE c.id = n.case_id AND c.merchant_id = n.merchant_id AND c.ended = ''
          OFFSET 0)
    ORDER BY n.created_at LIMIT most FOR UPDATE OF n SKIP LOCKED
), attempts AS (
    DELETE FROM public.deliveries WHERE notification_id = ANY (ARRAY(SELECT id FROM old))
), owed AS (
    DELETE FROM public.webhook_outbox WHERE notification_id = ANY (ARRAY(SELECT id FROM old))
), gone AS (
    DELETE FROM public.notifications WHERE id = ANY (ARRAY(SELECT id FROM old)) RETURNING id
)
SELECT count(*) FROM gone;
$$;

-- But for what others go by: the row under a conclusion's id, so that it is not carried out once more,
-- and what somebody has explained, so that it is not told again.
CREATE FUNCTION purge_audit(before timestamptz, most integer) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
WITH gone AS (
    DELETE FROM public.audit WHERE ctid = ANY (ARRAY(
        SELECT a.ctid FROM public.audit a
        WHERE a.at < least(before, now() - interval '365 days') AND a.action <> 'explain-difference'
          AND NOT EXISTS (SELECT FROM public.conclusions c WHERE c.id = a.id OFFSET 0)
        ORDER BY a.at, a.id LIMIT most FOR UPDATE OF a SKIP LOCKED))
    RETURNING id
)
SELECT count(*) FROM gone;
$$;

REVOKE EXECUTE ON FUNCTION purge_messages, purge_notifications, purge_audit FROM PUBLIC;
