-- name: acknowledged
-- description: When incidents were taken on, and what each is about.
SELECT acknowledged_at AS at, acknowledged_by AS who,
       coalesce(nullif(merchant_id, ''), member) AS subject, member
FROM incident_heads WHERE acknowledged_at >= :since ORDER BY acknowledged_at, number;

-- name: forced
-- description: Interventions, who set and who confirmed them; those of playbooks are told by their steps.
SELECT set_at AS at, set_by AS who, kind, confirmed_at, confirmed_by,
       coalesce(nullif(issuer_id, ''), btrim(merchant_id || ' ' || terminal_id)) AS subject
FROM interventions i WHERE set_at >= :since AND NOT EXISTS (
    SELECT FROM playbook_steps s WHERE s.at >= :since AND s.result ->> 'intervention' = i.id::text)
ORDER BY set_at, id;

-- name: of_steps
-- description: Steps of playbooks that were done, each by who did it, else by who had let the run come so far.
SELECT s.at, s.step, s.confirmed_by, s.result, r.playbook, r.given,
       coalesce(nullif(s.who, ''), before.who, r.started_by) AS who
FROM playbook_steps s JOIN playbook_runs r ON r.id = s.run_id AND r.merchant_id = s.merchant_id
LEFT JOIN LATERAL (
    SELECT b.who FROM playbook_steps b
    WHERE b.run_id = s.run_id AND b.merchant_id = s.merchant_id AND b.seq < s.seq AND b.who <> ''
    ORDER BY b.seq DESC LIMIT 1) before ON true
WHERE s.at >= :since AND s.state = 'done' ORDER BY s.at, s.run_id, s.seq;

-- name: of_cases
-- description: What people did with cases, with the cause that was confirmed.
SELECT a.at, a.who, a.action, c.merchant_id AS subject, c.confirmed
FROM audit a JOIN cases c ON c.id = (a.detail ->> 'case')::uuid
WHERE a.at >= :since AND a.object LIKE 'case %' ORDER BY a.at, a.id;

-- name: marked
-- description: What the team said on the page of the drill, and what it asked of terminals.
SELECT at, who, action, object, detail FROM audit
WHERE at >= :since AND action IN ('drill-cause', 'drill-told', 'ask-terminal')
ORDER BY at, id;

-- name: of_files
-- description: Clearing files that people have asked to discard, or discarded with nobody asking.
SELECT min(at) AS at, (array_agg(who ORDER BY at))[1] AS who, substr(object, 6) AS subject
FROM audit
WHERE at >= :since AND object LIKE 'file %'
  AND action IN ('ask-clearing-file', 'discard-clearing-file')
GROUP BY object ORDER BY 1, object;

-- name: money
-- description: Money in question, summed over the time that each case was open; minor units times minutes.
SELECT coalesce(sum(amount * greatest(0, extract(epoch FROM
           least(coalesce(ended_at, :until), :until) - opened_at)) / 60), 0)::float8
FROM cases WHERE opened_at >= :since AND opened_at < :until;

-- name: ended
-- description: When the last case or break of a shop ended that was opened since; not over while one is open.
SELECT count(*) AS cases, bool_and(ended IS NOT NULL) AS over, max(ended) AS at
FROM (SELECT opened_at, merchant_id, ended_at AS ended FROM cases
      UNION ALL
      SELECT opened_at, merchant_id, CASE WHEN state NOT IN ('open', 'asked') THEN decided_at END
      FROM breaks) owed
WHERE opened_at >= :since AND opened_at < :until AND merchant_id = ANY (:merchants);
