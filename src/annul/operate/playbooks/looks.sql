-- What a playbook can look at.

-- name: open_cases
-- description: Open cases of an issuer: how many, how many of them are overdue.
SELECT count(*)::integer AS cases, (count(*) FILTER (WHERE due_at < :now))::integer AS overdue
FROM cases WHERE issuer_id = :issuer AND ended = '';

-- name: open_money
-- description: What the open cases of an issuer are about, by currency.
SELECT currency, sum(amount)::bigint AS amount FROM cases
WHERE issuer_id = :issuer AND ended = '' GROUP BY currency ORDER BY currency;

-- name: links
-- description: How hosts see their lines to an issuer, of late.
SELECT count(*)::integer AS hosts, (count(*) FILTER (WHERE up))::integer AS up,
       coalesce(max(trouble) FILTER (WHERE NOT up), '') AS trouble
FROM issuer_links WHERE issuer_id = :issuer AND at >= :since;

-- name: policies
-- description: Rules of an issuer that are in force.
SELECT kind, number, valid_from, valid_until FROM policies
WHERE issuer_id = :issuer AND valid_from <= :now AND (valid_until IS NULL OR valid_until > :now)
ORDER BY kind, valid_from DESC;

-- name: learnt
-- description: Rules of an issuer that annul suspects, the surest first.
SELECT rule, role, number, code, since FROM learnt_rules
WHERE issuer_id = :issuer AND state = 'suspected' AND ended_at IS NULL
ORDER BY sure DESC LIMIT :most;

-- name: batch
-- description: The last batch of a terminal, and what of it is not resolved.
SELECT b.batch, b.balanced AND b.foreign_balanced AS balanced, b.settled_at,
       (SELECT count(*)::integer FROM batch_differences d
        WHERE d.merchant_id = b.merchant_id AND d.terminal_id = b.terminal_id AND d.resolved_as IS NULL) AS open
FROM batches b WHERE b.merchant_id = :merchant AND b.terminal_id = :terminal
ORDER BY b.settled_at DESC LIMIT 1;

-- name: clearing
-- description: The last clearing files, and the breaks that are open.
SELECT (SELECT max(settles_on) FROM clearing_files WHERE state IN ('staged', 'committed')) AS last_day,
       (SELECT count(*)::integer FROM clearing_files WHERE state = 'staged') AS staged,
       (SELECT count(*)::integer FROM breaks WHERE state IN ('open', 'asked') AND NOT foretold) AS breaks;

-- name: break_money
-- description: What open breaks come to, by currency, whichever way.
SELECT currency, sum(abs(money))::bigint AS amount FROM breaks
WHERE state IN ('open', 'asked') AND NOT foretold GROUP BY currency ORDER BY currency;

-- name: balance
-- description: What a merchant has, by currency, beside what its open cases need.
SELECT b.currency, b.available, b.pending, b.frozen, coalesce(c.needed, 0) AS needed
FROM merchant_balances b
LEFT JOIN (SELECT currency, sum(amount)::bigint AS needed FROM cases
           WHERE merchant_id = :merchant AND ended = '' GROUP BY currency) c
    ON c.currency = b.currency
WHERE b.merchant_id = :merchant ORDER BY b.currency;

-- name: terminal
-- description: A terminal, and what went wrong at it since a moment.
SELECT t.active, t.signed_in, t.software, t.wanted_software, t.wants, t.last_seen_at,
       coalesce(s.wrong_mac, 0) AS wrong_mac, coalesce(s.guessed, 0) AS guessed
FROM terminals t
LEFT JOIN LATERAL (
    SELECT sum(wrong_mac)::integer AS wrong_mac, sum(guessed)::integer AS guessed
    FROM terminal_stats s
    WHERE s.merchant_id = t.merchant_id AND s.terminal_id = t.terminal_id AND s.minute >= :since) s ON true
WHERE t.merchant_id = :merchant AND t.terminal_id = :terminal;

-- name: out_of_step
-- description: How many terminals sent messages with a wrong MAC since a moment, and of how many shops.
SELECT count(*)::integer AS terminals, count(DISTINCT merchant_id)::integer AS merchants
FROM (SELECT merchant_id, terminal_id FROM terminal_stats WHERE minute >= :since
      GROUP BY 1, 2 HAVING sum(wrong_mac) >= :least) AS wrong;

-- name: database
-- description: Whether the database takes writes, and which standbys follow it how far behind.
-- Without the right to see statistics the lag of another role's standby is not known.
SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean AS read_only,
       (SELECT count(*)::integer FROM pg_stat_replication) AS standbys,
       (SELECT extract(epoch FROM max(replay_lag))::float8 FROM pg_stat_replication) AS lag_s,
       current_setting('synchronous_standby_names') AS wanted,
       (SELECT count(*)::integer FROM incidents WHERE kind = 'audit_lost' AND closed_at IS NULL) AS lost;

-- name: load
-- description: How busy hosts and database were in the last minutes, and how many hosts live.
SELECT (SELECT count(*)::integer FROM hosts WHERE leased_until > :now) AS hosts,
       max(cpu_s / seconds)::float8 AS cpu, max(db_active_s / seconds)::float8 AS database,
       (sum(transactions) / greatest(extract(epoch FROM max(at) - min(at)) + max(seconds), 1))::float8
           AS per_second
FROM host_samples WHERE at >= :since;

-- name: software
-- description: What software terminals say that they have, and how many are to have another one.
SELECT software, count(*)::integer AS terminals,
       (count(*) FILTER (WHERE wanted_software <> '' AND wanted_software <> software))::integer AS wrong
FROM terminals WHERE active GROUP BY software ORDER BY count(*) DESC LIMIT :most;

-- name: incident
-- description: Whether an incident goes on; the one that it was merged into counts.
SELECT h.number, h.severity, h.quiet_since IS NOT NULL OR h.closed_at IS NOT NULL AS quiet
FROM incident_heads g JOIN incident_heads h ON h.id = coalesce(g.merged_into, g.id)
WHERE g.id = :head ORDER BY h.merchant_id LIMIT 1;
