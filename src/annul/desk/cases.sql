-- A list of cases asks only what is wanted: conditions, order and what comes after a page are put
-- together by name, so that each plan is a plain look-up. What is open is found by the narrow
-- indexes of open and unproved cases, and sorted; what has ended by that of its state.

-- name: columns
-- description: What a list shows of a case.
c.merchant_id, c.id, c.number, c.terminal_id, c.kind, c.amount, c.currency, c.card_masked,
c.issuer_id, c.opened_at, c.due_at, c.first_due_at, c.next_action_at, c.step, c.tries,
c.cause, c.probability, c.confirmed, c.task, c.proposed, c.proposed_by, c.ended, c.ended_at,
c.events, c.assigned_to, c.assigned_until, (c.task = '' AND c.proposed = '') AS waits, t.trace AS voucher, t.rrn AS original_rrn,
coalesce(m.name_zh, '') AS merchant_zh, coalesce(m.name_en, '') AS merchant_en,
coalesce(i.name_zh, '') AS issuer_zh, coalesce(i.name_en, '') AS issuer_en;

-- name: search
-- description: A page of cases by the conditions that are wanted, in the order that is wanted.
SELECT {columns}
FROM (SELECT * FROM cases c WHERE {conditions} ORDER BY {order} LIMIT :limit) c
LEFT JOIN transactions t ON t.merchant_id = c.merchant_id AND t.id = c.original_id
LEFT JOIN merchants m ON m.merchant_id = c.merchant_id
LEFT JOIN issuers i ON i.issuer_id = c.issuer_id
ORDER BY {order};

-- name: counts
-- description: How many cases fit in each state, each counted up to a bound.
SELECT {count_open} AS open, {count_asked} AS asked, {count_late} AS late,
       {count_voided} AS voided, {count_refunded} AS refunded, {count_refused} AS refused,
       {count_unproved} AS unproved, {count_all} AS "all";

-- name: count_open
-- description: Open cases.
(SELECT count(*)::integer FROM (SELECT FROM cases c WHERE {conditions} AND {open} LIMIT :most) n);

-- name: count_asked
-- description: Cases that need a person.
(SELECT count(*)::integer FROM (SELECT FROM cases c WHERE {conditions} AND {asked} LIMIT :most) n);

-- name: count_late
-- description: Cases that are late, or ended late.
(SELECT count(*)::integer FROM (SELECT FROM cases c WHERE {conditions} AND {late} LIMIT :most) n);

-- name: count_voided
-- description: Cases that ended with the void.
(SELECT count(*)::integer FROM (SELECT FROM cases c WHERE {conditions} AND {voided} LIMIT :most) n);

-- name: count_refunded
-- description: Cases that ended with a refund.
(SELECT count(*)::integer FROM (SELECT FROM cases c WHERE {conditions} AND {refunded} LIMIT :most)
 n);

-- name: count_refused
-- description: Cases that ended without giving the money back.
(SELECT count(*)::integer FROM (SELECT FROM cases c WHERE {conditions} AND {refused} LIMIT :most)
 n);

-- name: count_unproved
-- description: Cases of which nobody knows how they ended.
(SELECT count(*)::integer FROM (SELECT FROM cases c WHERE {conditions} AND {unproved} LIMIT :most)
 n);

-- name: count_all
-- description: Cases of any state.
(SELECT count(*)::integer FROM (SELECT FROM cases c WHERE {conditions} LIMIT :most) n);

-- name: count_approve
-- description: How many cases fit that wait for this person's approval.
SELECT count(*)::integer FROM cases c WHERE {conditions} AND {approve};

-- name: proposers
-- description: Who has proposed what waits for a second person.
SELECT DISTINCT c.proposed_by FROM cases c WHERE c.ended = '' AND c.proposed = ANY (:steps::text[]);

-- name: found
-- description: Ids of cases that a text names, by number, voucher, RRN, terminal, merchant, card or amount.
SELECT c.id FROM cases c WHERE c.number = :text
UNION SELECT c.id FROM transactions t JOIN cases c ON c.original_id = t.id WHERE t.rrn = :text
UNION SELECT c.id FROM transactions t JOIN cases c ON c.original_id = t.id
      WHERE t.trace = lpad(:text, 6, '0')
UNION SELECT c.id FROM cases c WHERE c.terminal_id = :text
UNION SELECT c.id FROM cases c WHERE c.merchant_id || '' = :text
UNION SELECT c.id FROM cases c WHERE length(:text) = 4 AND right(c.card_masked, 4) = :text
UNION SELECT c.id FROM cases c WHERE c.amount = :amount;

-- name: is_merchant
-- description: Whether a text is a merchant's number, which can look like a card's.
SELECT EXISTS (SELECT FROM merchants WHERE merchant_id = :text);

-- name: chosen
-- description: Cases of these numbers whole, each the latest of its number, with what takes two people.
SELECT DISTINCT ON (c.number) c.*, m.second_person_from
FROM cases c JOIN merchants m ON m.merchant_id = c.merchant_id
WHERE c.number = ANY (:numbers::text[]) AND (:seen = '' OR c.merchant_id = :seen)
ORDER BY c.number, c.opened_at DESC;

-- name: open
-- description: Open.
c.ended = '';

-- name: asked
-- description: Open or unproved, and a person has to do something.
(c.ended = '' OR c.ended = 'unproved') AND (c.task <> '' OR c.proposed <> '');

-- name: approve
-- description: Waiting for somebody else's approval than that of who proposed it.
c.ended = '' AND c.proposed = ANY (:steps::text[]) AND c.proposed_by = ANY (:proposers::text[]);

-- name: late
-- description: Late, judged by the first due time, which never moves.
(c.ended = '' AND c.first_due_at < :now OR c.ended = 'unproved' AND c.first_due_at < :now
 OR c.ended_at > c.first_due_at);

-- name: voided
-- description: Ended with the void.
c.ended = 'voided';

-- name: refunded
-- description: Ended with a refund instead.
c.ended = 'refunded';

-- name: refused
-- description: Ended without giving the money back.
c.ended = 'refused';

-- name: unproved
-- description: Ended without a proof of how.
c.ended = 'unproved';

-- name: cause
-- description: Of this cause, confirmed or likely.
(c.cause = :cause OR c.confirmed = :cause);

-- name: issuer
-- description: Of this issuer.
c.issuer_id = :issuer;

-- name: merchant
-- description: Of this merchant, by the index of lists.
c.merchant_id || '' = :merchant;

-- name: seen
-- description: Of the merchant that somebody is bound to, by the index of lists.
c.merchant_id || '' = :seen;

-- name: ids
-- description: Of those that a text names.
c.id = ANY (:ids::uuid[]);

-- name: since
-- description: Opened at this moment or later.
c.opened_at >= :since;

-- name: by_opened
-- description: By when they were opened.
c.opened_at {way}, c.id {way};

-- name: after_opened
-- description: After a row by when they were opened.
(c.opened_at, c.id) {beyond} (:opened_at::timestamptz, :id::uuid);

-- name: by_due
-- description: By when they are due.
c.due_at {way}, c.id {way};

-- name: after_due
-- description: After a row by when they are due.
(c.due_at, c.id) {beyond} (:due_at::timestamptz, :id::uuid);

-- name: by_amount
-- description: By amount.
c.amount {way}, c.id {way};

-- name: after_amount
-- description: After a row by amount.
(c.amount, c.id) {beyond} (:amount::bigint, :id::uuid);

-- name: by_queue
-- description: What needs a person first, then by when they are due.
(c.task = '' AND c.proposed = '') {way}, c.due_at {way}, c.id {way};

-- name: after_queue
-- description: After a row of the queue.
((c.task = '' AND c.proposed = ''), c.due_at, c.id)
    {beyond} (:waits::boolean, :due_at::timestamptz, :id::uuid);

-- name: manual
-- description: How many cases need manual action; each half goes by an index of what is open yet.
SELECT ((SELECT count(*) FROM cases
         WHERE ended = '' AND (task <> '' OR proposed <> '')
           AND (:merchant = '' OR merchant_id = :merchant))
      + (SELECT count(*) FROM cases
         WHERE ended = 'unproved' AND (task <> '' OR proposed <> '')
           AND (:merchant = '' OR merchant_id = :merchant)))::integer;
