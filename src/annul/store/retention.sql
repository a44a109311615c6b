-- What is too old goes: a statement for each subject of `annul.domain.retention`, that takes a few
-- rows and says how many. None waits for a row that somebody else holds. Rows are named by their place
-- (ctid) and what they depend on is looked up one by one (OFFSET 0): planned as joins, before it is
-- known how few rows a batch has, whole tables would be read.

-- name: claim
-- description: Take a subject that is due for a while; gives up to where a walk has come.
INSERT INTO purges AS p (subject, due_at, leased_until, day)
VALUES (:subject, :now, :until, :day)
ON CONFLICT (subject) DO UPDATE SET leased_until = :until
WHERE p.due_at <= :now AND (p.leased_until IS NULL OR p.leased_until <= :now)
RETURNING coalesce(p.reached, 'epoch');

-- name: count
-- description: Add to what went today, and keep the subject for a while longer.
UPDATE purges
SET gone = gone + :gone, leased_until = :until,
    up_to = CASE WHEN :gone > 0 THEN :before ELSE up_to END,
    last_at = CASE WHEN :gone > 0 THEN :now ELSE last_at END,
    reached = coalesce(:reached, reached), left_from = least(left_from, :left_from)
WHERE subject = :subject;

-- name: rest
-- description: Give a subject back until it is due again; a walk that has ended begins anew.
-- It begins with the first row that it has left as it was.
UPDATE purges
SET due_at = :due_at, leased_until = NULL,
    reached = CASE WHEN :ended THEN coalesce(left_from, :before) ELSE reached END,
    left_from = CASE WHEN :ended THEN NULL ELSE left_from END
WHERE subject = :subject;

-- name: close_day
-- description: Write into the audit log what went on an earlier day, and begin to count anew.
WITH counted AS (
    SELECT subject, day, gone, up_to FROM purges
    WHERE subject = :subject AND day < :today FOR UPDATE
), begun AS (
    UPDATE purges p SET day = :today, gone = 0 FROM counted c WHERE p.subject = c.subject
)
INSERT INTO audit (id, at, who, role, action, object, reason, detail)
SELECT gen_random_uuid(), :now, 'annul', '', 'purge', 'retention ' || subject, :reason,
       jsonb_build_object('day', day, 'rows', gone, 'up_to', up_to)
FROM counted WHERE gone > 0;

-- name: held
-- description: How many rows there are of each subject, and since when; it reads whole tables.
SELECT h.subject, h.rows, h.oldest, p.last_at
FROM (
    SELECT 'card_ciphers' AS subject, count(*) AS rows, min(received_at) AS oldest
    FROM transactions WHERE card_cipher <> ''
    UNION ALL SELECT 'messages', count(*), min(at) FROM messages
    UNION ALL SELECT 'signatures', count(*), min(received_at) FROM signatures
    UNION ALL SELECT 'refusals', count(*), min(received_at) FROM refusals WHERE card_masked <> ''
    UNION ALL SELECT 'notices', count(*), min(created_at) FROM notices
    UNION ALL SELECT 'notifications', count(*), min(created_at) FROM notifications
    UNION ALL SELECT 'case_evidence', count(*), min(proposed_at)
    FROM conclusions WHERE evidence <> ''
    UNION ALL SELECT 'audit', count(*), min(at) FROM audit
    UNION ALL SELECT 'idempotency', count(*), min(created_at) FROM idempotency
    UNION ALL SELECT 'sessions', count(*), min(created_at) FROM sessions
    UNION ALL SELECT 'strangers', count(*), min(tried_at)
    FROM sign_in_tries WHERE let_in_at IS NULL
    UNION ALL SELECT 'sign_in_tries', count(*), min(tried_at)
    FROM sign_in_tries WHERE let_in_at IS NOT NULL
    UNION ALL SELECT 'former_users', count(*), min(left_at)
    FROM users WHERE NOT active AND password_hash <> ''
    UNION ALL SELECT 'contacts', count(*), min(added_at) FROM contacts
    UNION ALL SELECT 'issuer_stats', count(*), min(slot) FROM issuer_stats
    UNION ALL SELECT 'terminal_stats', count(*), min(minute) FROM terminal_stats
    UNION ALL SELECT 'void_samples', count(*), min(at) FROM void_samples
    UNION ALL SELECT 'watched_hours', count(*), min(hour) FROM watched_hours
    UNION ALL SELECT 'watched', count(*), min(seen_at) FROM watched
    UNION ALL SELECT 'host_samples', count(*), min(at) FROM host_samples
    UNION ALL SELECT 'notice_outbox', count(*), min(at) FROM notice_outbox WHERE state <> 'owed'
    UNION ALL SELECT 'notice_log', count(*), min(at) FROM notice_log
    UNION ALL SELECT 'report_mails', count(*), min(owed_at) FROM report_mails WHERE state <> 'owed'
    UNION ALL SELECT 'report_letters', count(*), min(leased_until) FROM report_letters
    UNION ALL SELECT 'volumes', count(*), min(hour) FROM volumes) h
LEFT JOIN purges p USING (subject);

-- name: card_ciphers
-- description: Of the next transactions, empty the cards that nothing can need any more.
-- Gives how many, where the next ones begin (null at the end), and the first that keeps its card.
-- A card is needed by what is unfinished, owed to an issuer or in an open case, of the transaction
-- itself or of what refers to the same original; by an original, until its merchant's time for
-- refunds is over (for a hold on a card, a month at least). One day is spared: clocks of hosts differ.
-- One more is where a merchant's days end apart from the house's.
WITH span AS (
    SELECT greatest(:reached::timestamptz + interval '1 microsecond', coalesce(
        (SELECT received_at FROM transactions
         WHERE received_at >= :reached AND received_at < :before
         ORDER BY received_at OFFSET :limit LIMIT 1), :before)) AS until
), looked AS MATERIALIZED (
    SELECT t.id, t.received_at,
           t.state NOT IN ({unfinished}) AND t.undoing = 0
           AND (t.kind NOT IN ({originals})
                OR t.state IN ('declined', 'reversed', 'voided', 'refunded')
                OR t.business_date < :today::date - 1
                    - CASE WHEN EXISTS (SELECT FROM cut_overs u
                                        WHERE u.merchant_id = t.merchant_id) THEN 1 ELSE 0 END
                    - greatest(
                    CASE WHEN t.kind = 'preauth' THEN :hold_days ELSE 1 END,
                    (SELECT refund_days FROM merchants m WHERE m.merchant_id = t.merchant_id)))
           AND NOT EXISTS (
               SELECT FROM outbox o
               WHERE o.original_id = coalesce(t.original_id, t.id)
                 AND o.merchant_id = t.merchant_id AND o.pending OFFSET 0)
           AND NOT EXISTS (
               SELECT FROM cases c
               WHERE c.original_id = coalesce(t.original_id, t.id)
                 AND c.merchant_id = t.merchant_id AND c.ended = '' OFFSET 0)
           AND NOT EXISTS (
               SELECT FROM cases c
               WHERE c.id = t.id AND c.merchant_id = t.merchant_id AND c.ended = '' OFFSET 0)
           AND NOT EXISTS (
               SELECT FROM transactions u
               WHERE u.original_id = t.id AND u.merchant_id = t.merchant_id
                 AND (u.state IN ({unfinished}) OR u.state = 'approved' AND u.received_at >= :before)
               OFFSET 0) AS free
    FROM transactions t
    WHERE t.received_at >= :reached AND t.received_at < (SELECT until FROM span)
      AND t.card_cipher <> ''
), gone AS (
    UPDATE transactions SET card_cipher = NULL, expiry = '', card_sequence = ''
    WHERE ctid = ANY (ARRAY(
        SELECT t.ctid FROM transactions t
        WHERE t.id = ANY (ARRAY(SELECT id FROM looked WHERE free)) FOR UPDATE SKIP LOCKED))
    RETURNING id
)
SELECT (SELECT count(*) FROM gone) AS gone,
       (SELECT nullif(until, :before) FROM span WHERE until <= :before) AS reached,
       (SELECT min(received_at) FROM looked WHERE id NOT IN (SELECT id FROM gone)) AS left_from;

-- name: messages
-- description: Messages of what failed, unless its case is open.
SELECT purge_messages(:before, :limit) AS gone;

-- name: signatures
-- description: Signatures of cardholders, unless the case of their transaction is open.
SELECT purge_signatures(:before, :limit) AS gone;

-- name: refusals
-- description: The cards of what was refused at the door, unless its case is open or yet to come.
WITH gone AS (
    UPDATE refusals SET card_hash = '', card_masked = '' WHERE ctid = ANY (ARRAY(
        SELECT r.ctid FROM refusals r
        WHERE r.card_masked <> '' AND r.received_at < :before AND r.cased
          AND NOT EXISTS (
              SELECT FROM cases c
              WHERE c.id = r.id AND c.merchant_id = r.merchant_id AND c.ended = '' OFFSET 0)
        ORDER BY r.received_at LIMIT :limit FOR UPDATE OF r SKIP LOCKED))
    RETURNING id
)
SELECT count(*) AS gone FROM gone;

-- name: notices
-- description: What terminals were told, or never came for, unless its case is open.
WITH gone AS (
    DELETE FROM notices WHERE ctid = ANY (ARRAY(
        SELECT n.ctid FROM notices n
        WHERE n.created_at < :before
          AND NOT EXISTS (
              SELECT FROM cases c
              WHERE c.id = n.case_id AND c.merchant_id = n.merchant_id AND c.ended = '' OFFSET 0)
        ORDER BY n.created_at LIMIT :limit FOR UPDATE OF n SKIP LOCKED))
    RETURNING id
)
SELECT count(*) AS gone FROM gone;

-- name: notifications
-- description: What merchants were told, and each delivery of it.
SELECT purge_notifications(:before, :limit) AS gone;

-- name: case_evidence
-- description: Evidence of conclusions that were carried out or withdrawn; its hash stays.
WITH gone AS (
    UPDATE conclusions SET evidence = '' WHERE ctid = ANY (ARRAY(
        SELECT c.ctid FROM conclusions c
        WHERE c.evidence <> '' AND c.proposed_at < :before
          AND (c.withdrawn_at < :before OR c.confirmed_at < :before AND EXISTS (
              SELECT FROM audit a WHERE a.id = c.id OFFSET 0))
        ORDER BY c.proposed_at LIMIT :limit FOR UPDATE OF c SKIP LOCKED))
    RETURNING id
)
SELECT count(*) AS gone FROM gone;

-- name: audit
-- description: The audit log, but for what others go by.
SELECT purge_audit(:before, :limit) AS gone;

-- name: idempotency
-- description: Answers of programs' requests.
WITH gone AS (
    DELETE FROM idempotency WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM idempotency WHERE created_at < :before
        ORDER BY created_at LIMIT :limit FOR UPDATE SKIP LOCKED))
    RETURNING key
)
SELECT count(*) AS gone FROM gone;

-- name: sessions
-- description: Sessions that are over.
WITH gone AS (
    DELETE FROM sessions WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM sessions WHERE ends_at < :before
        ORDER BY ends_at LIMIT :limit FOR UPDATE SKIP LOCKED))
    RETURNING name
)
SELECT count(*) AS gone FROM gone;

-- name: strangers
-- description: Wrong passwords from where nobody of that name has come in.
WITH gone AS (
    DELETE FROM sign_in_tries WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM sign_in_tries WHERE tried_at < :before AND let_in_at IS NULL
        ORDER BY tried_at LIMIT :limit FOR UPDATE SKIP LOCKED))
    RETURNING name
)
SELECT count(*) AS gone FROM gone;

-- name: sign_in_tries
-- description: Addresses that nobody has come from lately.
WITH gone AS (
    DELETE FROM sign_in_tries WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM sign_in_tries WHERE tried_at < :before
        ORDER BY tried_at LIMIT :limit FOR UPDATE SKIP LOCKED))
    RETURNING name
)
SELECT count(*) AS gone FROM gone;

-- name: former_users
-- description: What is kept of users who left long ago. The name stays, so that nobody else gets it.
WITH old AS (
    SELECT name FROM users
    WHERE NOT active AND left_at < :before AND password_hash <> ''
    ORDER BY left_at LIMIT :limit FOR UPDATE SKIP LOCKED
), views AS (
    DELETE FROM saved_views v USING old o WHERE v.owner = o.name
), tries AS (
    DELETE FROM sign_in_tries t USING old o WHERE t.name = o.name
), mails AS (
    DELETE FROM report_subscriptions s USING old o WHERE s.name = o.name
), gone AS (
    UPDATE users u SET password_hash = '', language = '' FROM old o WHERE u.name = o.name
    RETURNING u.name
)
SELECT count(*) AS gone FROM gone;

-- name: contacts
-- description: Whom to call at issuers that are switched off and were not connected since.
WITH gone AS (
    DELETE FROM contacts WHERE ctid = ANY (ARRAY(
        SELECT c.ctid FROM contacts c JOIN issuers i USING (issuer_id)
        WHERE NOT i.active AND c.added_at < :before
          AND NOT EXISTS (
              SELECT FROM issuer_links l WHERE l.issuer_id = c.issuer_id AND l.at >= :before)
        ORDER BY c.added_at LIMIT :limit FOR UPDATE OF c SKIP LOCKED))
    RETURNING id
)
SELECT count(*) AS gone FROM gone;

-- name: issuer_stats
-- description: Figures of issuers.
WITH gone AS (
    DELETE FROM issuer_stats WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM issuer_stats WHERE slot < :before
        ORDER BY slot LIMIT :limit FOR UPDATE SKIP LOCKED))
    RETURNING node
)
SELECT count(*) AS gone FROM gone;

-- name: terminal_stats
-- description: Figures of terminals.
WITH gone AS (
    DELETE FROM terminal_stats WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM terminal_stats WHERE minute < :before
        ORDER BY minute LIMIT :limit FOR UPDATE SKIP LOCKED))
    RETURNING minute
)
SELECT count(*) AS gone FROM gone;

-- name: void_samples
-- description: Samples of answers to voids and refunds.
WITH gone AS (
    DELETE FROM void_samples WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM void_samples WHERE at < :before
        ORDER BY at LIMIT :limit FOR UPDATE SKIP LOCKED))
    RETURNING id
)
SELECT count(*) AS gone FROM gone;

-- name: watched_hours
-- description: Hourly counts of each stream of traffic.
WITH gone AS (
    DELETE FROM watched_hours WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM watched_hours WHERE hour < :before
        ORDER BY hour LIMIT :limit FOR UPDATE SKIP LOCKED))
    RETURNING hour
)
SELECT count(*) AS gone FROM gone;

-- name: watched
-- description: Streams of traffic that have dried up, unless an alarm is open on them.
WITH gone AS (
    DELETE FROM watched WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM watched WHERE seen_at < :before AND alarms = '{}'
        ORDER BY seen_at LIMIT :limit FOR UPDATE SKIP LOCKED))
    RETURNING scope
)
SELECT count(*) AS gone FROM gone;

-- name: host_samples
-- description: What host processes have measured by the minute.
WITH gone AS (
    DELETE FROM host_samples WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM host_samples WHERE at < :before
        ORDER BY at LIMIT :limit))
    RETURNING node
)
SELECT count(*) AS gone FROM gone;

-- name: volumes
-- description: Numbers of transactions by the hour.
WITH gone AS (
    DELETE FROM volumes WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM volumes WHERE hour < :before
        ORDER BY hour LIMIT :limit))
    RETURNING hour
)
SELECT count(*) AS gone FROM gone;

-- name: notice_outbox
-- description: What channels were told of incidents, or are not told any more. What is owed stays.
WITH gone AS (
    DELETE FROM notice_outbox WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM notice_outbox WHERE at < :before AND state <> 'owed'
        ORDER BY at LIMIT :limit FOR UPDATE SKIP LOCKED))
    RETURNING seq
)
SELECT count(*) AS gone FROM gone;

-- name: notice_log
-- description: Messages over channels and what came of each.
SELECT purge_notice_log(:before, :limit) AS gone;

-- name: report_mails
-- description: Reports that were mailed, or not any more. What is owed stays.
WITH gone AS (
    DELETE FROM report_mails WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM report_mails WHERE owed_at < :before AND state <> 'owed'
        ORDER BY owed_at LIMIT :limit FOR UPDATE SKIP LOCKED))
    RETURNING name
)
SELECT count(*) AS gone FROM gone;

-- name: report_letters
-- description: Text and files of reports that nobody is owed any more.
WITH gone AS (
    DELETE FROM report_letters WHERE ctid = ANY (ARRAY(
        SELECT l.ctid FROM report_letters l
        WHERE l.leased_until < :before AND NOT EXISTS (
            SELECT FROM report_mails m
            WHERE m.length = l.length AND m.first = l.first AND m.merchant_id = l.merchant_id
              AND m.language = l.language AND m.state = 'owed' OFFSET 0)
        ORDER BY l.leased_until LIMIT :limit FOR UPDATE OF l SKIP LOCKED))
    RETURNING first
)
SELECT count(*) AS gone FROM gone;
