-- name: owed
-- description: What is owed to issuers: how many messages of each kind, and since when.
SELECT kind, count(*)::integer AS count, min(created_at) AS oldest
FROM outbox
WHERE pending
GROUP BY kind;

-- name: deliveries
-- description: What webhooks are owed: how much, and since when.
SELECT count(*)::integer AS count, min(since) AS oldest
FROM webhook_outbox
WHERE state = 'owed';

-- name: incidents
-- description: Open incidents by kind.
SELECT kind, count(*)::integer AS count
FROM incidents
WHERE closed_at IS NULL
GROUP BY kind;

-- name: payouts
-- description: Payouts that wait for a person or a file, by state.
SELECT state, count(*)::integer AS count
FROM payouts
WHERE state IN ('held', 'ready')
GROUP BY state;

-- name: payout_files
-- description: Files of payouts that the bank has not been given: how many, and since when.
SELECT count(*)::integer AS count, min(made_at) AS oldest
FROM payout_files
WHERE delivered_at IS NULL;

-- name: clearing_files
-- description: Clearing files that nobody has committed or dropped yet, by state.
SELECT state, count(*)::integer AS count
FROM clearing_files
WHERE state IN ('loading', 'staged')
GROUP BY state;

-- name: breaks
-- description: Breaks that are not ended, and how many of them are past their time.
SELECT count(*)::integer AS count, (count(*) FILTER (WHERE due_at < :now))::integer AS overdue
FROM breaks
WHERE state IN ('open', 'asked');

-- name: proofs
-- description: Proofs of clearing files that are not carried out yet.
SELECT count(*)::integer AS count
FROM clearing_proofs
WHERE carried_at IS NULL OR discarded_at IS NOT NULL AND undone_at IS NULL;

-- name: orders
-- description: Voids and refunds that wait for a second person or to be carried out.
SELECT count(*)::integer AS count
FROM orders
WHERE state IN ('asked', 'approved');
