-- Playbooks with their versions, their runs, and the journals of these.

-- name: latest
-- description: The last version of each playbook.
SELECT DISTINCT ON (name) name, version, text, written_by, written_at, reason
FROM playbooks ORDER BY name, version DESC;

-- name: latest_of
-- description: The last version of one playbook.
SELECT name, version, text, written_by, written_at, reason
FROM playbooks WHERE name = :name ORDER BY version DESC LIMIT 1;

-- name: versions
-- description: Every version of a playbook, the last first.
SELECT version, text, written_by, written_at, reason FROM playbooks WHERE name = :name ORDER BY version DESC;

-- name: text
-- description: One version as it was written.
SELECT text FROM playbooks WHERE name = :name AND version = :version;

-- name: write
-- description: Add a version, unless there is one of its number.
INSERT INTO playbooks (name, version, text, written_by, written_at, reason)
VALUES (:name, :version, :text, :who, :at, :reason) ON CONFLICT DO NOTHING
RETURNING version;

-- name: columns
-- description: Part: what is known of a run.
r.id, r.merchant_id, r.number, r.playbook, r.version, r.head_id, r.given, r.state, r.step, r.since, r.why,
r.next_at, r.started_by, r.started_at, r.reason, r.ended_at, r.undone_by;

-- name: open
-- description: Start a run, unless the incident has one of this playbook or a live one is about the same.
INSERT INTO playbook_runs (id, merchant_id, number, playbook, version, head_id, given, state, step, since,
    next_at, started_by, started_at, reason)
VALUES (:id, :merchant, :number, :playbook, :version, :head, :given, 'running', '', :at, :at, :who, :at, :reason)
ON CONFLICT DO NOTHING
RETURNING id;

-- name: same
-- description: The run that keeps another one from being started.
SELECT {columns} FROM playbook_runs r
WHERE r.playbook = :playbook AND r.merchant_id = :merchant
  AND (r.head_id = :head OR (:head::uuid IS NULL AND r.head_id IS NULL AND r.given = :given AND r.ended_at IS NULL))
LIMIT 1;

-- name: hold
-- description: Hold a run until the commit.
SELECT {columns} FROM playbook_runs r WHERE r.id = :id AND r.merchant_id = :merchant FOR UPDATE;

-- name: find
-- description: A run by its number.
SELECT {columns}, h.number AS incident FROM playbook_runs r LEFT JOIN incident_heads h ON h.id = r.head_id
WHERE r.number = :number LIMIT 1;

-- name: search
-- description: Runs, the latest first: of a state (live: neither ended nor stopped), a playbook, an incident; empty is any.
SELECT {columns}, h.number AS incident FROM playbook_runs r LEFT JOIN incident_heads h ON h.id = r.head_id
WHERE (:state = '' OR r.state = :state OR :state = 'live' AND r.ended_at IS NULL)
  AND (:playbook = '' OR r.playbook = :playbook) AND (:incident = '' OR h.number = :incident)
  AND (:after_at::timestamptz IS NULL OR (r.started_at, r.id) < (:after_at::timestamptz, :after_id::uuid))
ORDER BY r.started_at DESC, r.id DESC LIMIT :limit;

-- name: keep
-- description: Write a run as it has become; whoever does holds it. Its lease ends with that.
UPDATE playbook_runs
SET state = :state, step = :step, since = :since, why = :why, next_at = :next_at, ended_at = :ended_at,
    undone_by = :undone_by, leased_until = NULL, leased_by = NULL
WHERE id = :id AND merchant_id = :merchant;

-- name: claim
-- description: Lease runs that are due and that nobody carries on.
UPDATE playbook_runs r SET leased_until = :until, leased_by = :worker
FROM (SELECT id, merchant_id FROM playbook_runs
      WHERE state IN ('running', 'undoing') AND next_at <= :now AND (leased_until IS NULL OR leased_until <= :now)
      ORDER BY next_at LIMIT :room FOR UPDATE SKIP LOCKED) due
WHERE r.id = due.id AND r.merchant_id = due.merchant_id
RETURNING r.id, r.merchant_id;

-- name: journal
-- description: The journal of a run, in its order.
SELECT seq, step, state, at, who, dual, confirmed_by, result, reason FROM playbook_steps
WHERE run_id = :run AND merchant_id = :merchant ORDER BY seq;

-- name: add
-- description: Add a line to a journal; whoever does holds the run.
INSERT INTO playbook_steps (run_id, merchant_id, seq, step, state, at, who, dual, confirmed_by, result, reason)
VALUES (:run, :merchant, :seq, :step, :state, :at, :who, :dual, :confirmed_by, :result, :reason);

-- name: head
-- description: The incident of a run; where it was merged, the one that has it.
SELECT h.id, h.merchant_id FROM incident_heads g JOIN incident_heads h ON h.id = coalesce(g.merged_into, g.id)
WHERE g.id = :head LIMIT 1;

-- name: head_of
-- description: An open incident by its number, with what it is about.
SELECT id, merchant_id, scope, member, closed_at FROM incident_heads WHERE number = :number LIMIT 1;

-- name: starting
-- description: Open incidents without a run, in which something of some kinds was raised.
SELECT h.id, h.merchant_id, h.number, h.scope, h.member, h.playbook, array_agg(DISTINCT i.kind) AS kinds
FROM incident_heads h JOIN incidents i ON i.head_id = h.id
WHERE h.closed_at IS NULL AND i.kind = ANY (:kinds::text[])
  AND NOT EXISTS (SELECT FROM playbook_runs r WHERE r.head_id = h.id)
GROUP BY h.id, h.merchant_id, h.number, h.scope, h.member, h.playbook
ORDER BY h.id LIMIT :most;

-- name: known
-- description: Whether what a run is about is there; what is empty is not asked.
SELECT (:issuer = '' OR EXISTS (SELECT FROM issuers WHERE issuer_id = :issuer)) AS issuer,
       (:merchant = '' OR EXISTS (SELECT FROM merchants WHERE merchant_id = :merchant)) AS merchant,
       (:terminal = '' OR EXISTS (SELECT FROM terminals WHERE merchant_id = :merchant
                                  AND terminal_id = :terminal)) AS terminal;
