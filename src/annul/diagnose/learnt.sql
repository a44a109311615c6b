-- Rules that samples say. One issuer at a time: each question sorts its samples in memory.

-- name: samples
-- description: Samples of an issuer that may show a rule; of the refusals of one original the first.
-- Tries of one void are one witness. Refusals while the issuer's other
-- requests failed too say nothing, and what rules already found explain is left out. `vals` are what a
-- boundary may lie in, each so that refusals are above it, in the order of `annul.diagnose.boundaries`.
SELECT s.* FROM (
    SELECT DISTINCT ON (CASE WHEN v.ok THEN v.id ELSE coalesce(v.original_id, v.id) END, v.role, v.ok)
           v.prefix, v.role, v.at, v.ok, v.code, v.card, v.amid, v.minute, v.sale_minute, v.age_s,
           v.age_s >= 86400 AS next_day,
           ARRAY[v.amount, v.place,
                 CASE WHEN v.place IS NOT NULL THEN -coalesce(v.since_s, 1000000000) END, v.age_s,
                 CASE WHEN v.role = 'refund' THEN (NOT v.whole)::integer END]::bigint[] AS vals
    FROM (SELECT * FROM void_samples
          WHERE issuer_id = :issuer AND at >= :since ORDER BY at DESC LIMIT :most) v
    WHERE v.ok OR coalesce(v.amid, 0) < :outage
    ORDER BY CASE WHEN v.ok THEN v.id ELSE coalesce(v.original_id, v.id) END, v.role, v.ok, v.at) s
WHERE s.ok OR NOT EXISTS (
    SELECT FROM unnest(:prefixes::text[], :roles::text[], :features::integer[], :beyonds::bigint[],
                       :untils::integer[]) AS k (prefix, role, feature, beyond, until)
    WHERE starts_with(s.prefix, k.prefix) AND k.role = s.role AND {behind});

-- name: behind
-- description: Whether a sample lies behind a boundary: of a value, of hours, of an end of day, always.
CASE WHEN k.feature <= 5 THEN coalesce(s.vals[k.feature] >= k.beyond, false)
     WHEN k.feature = 6 THEN
         mod((s.minute - k.beyond + 1440)::integer, 1440)
             < mod((k.until - k.beyond + 1440)::integer, 1440)
     WHEN k.feature = 7 THEN coalesce(
         s.next_day OR mod((k.beyond - s.sale_minute + 1439)::integer, 1440) + 1
             <= mod(s.minute - s.sale_minute + 1440, 1440), false)
     ELSE true END;

-- name: ranges
-- description: Card ranges whose refusals are many enough to say something of their own.
SELECT prefix FROM samples WHERE prefix <> '' GROUP BY prefix
HAVING count(*) FILTER (WHERE NOT ok) >= :least AND count(*) < (SELECT count(*) FROM samples);

-- name: boundaries
-- description: For each range, role, value and window the boundary that explains refusals best.
-- `gain` is how much likelier the answers are if what lies behind it is refused nearly always and the
-- rest as often as it was, than if all was refused as often: a difference of logarithms. `rival` is that
-- of the boundary of the widest window.
WITH samples AS MATERIALIZED ({samples}), ranges AS MATERIALIZED ({ranges}), points AS (
    SELECT p.prefix, s.role, f.feature::integer AS feature, w.since, f.value, s.ok
    FROM samples s
    JOIN (SELECT '' AS prefix UNION ALL SELECT prefix FROM ranges) p ON p.prefix IN ('', s.prefix)
    JOIN unnest(:windows::timestamptz[]) AS w (since) ON s.at >= w.since
    CROSS JOIN LATERAL unnest(s.vals) WITH ORDINALITY AS f (value, feature)
    WHERE f.value IS NOT NULL
), counted AS (
    SELECT prefix, role, feature, since, value,
           count(*) FILTER (WHERE ok) AS a, count(*) FILTER (WHERE NOT ok) AS r
    FROM points GROUP BY prefix, role, feature, since, value
), summed AS (
    SELECT prefix, role, feature, since, value, r,
           sum(a) OVER g AS aa, sum(r) OVER g AS rr,
           count(*) FILTER (WHERE r > 0) OVER g AS cuts,
           sum(a) OVER b AS ab, sum(r) OVER b AS rb,
           max(value) FILTER (WHERE a > 0) OVER (
               g ORDER BY value ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS within
    FROM counted
    WINDOW g AS (PARTITION BY prefix, role, feature, since), b AS (g ORDER BY value DESC)
), weighed AS (
    SELECT prefix, role, feature, since, value, within, r, cuts,
           aa - ab AS aw, rr - rb AS rw, ab, rb,
           ((rr - rb) * ln((rr - rb + 0.5) / (aa - ab + rr - rb + 1))
            + (aa - ab) * ln((aa - ab + 0.5) / (aa - ab + rr - rb + 1))
            + rb * ln(:refused::float8) + ab * ln(1 - :refused::float8)
            - rr * ln((rr + 0.5) / (aa + rr + 1)) - aa * ln((aa + 0.5) / (aa + rr + 1)))::float8 AS gain
    FROM summed
), best AS (
    SELECT DISTINCT ON (prefix, role, feature, since) * FROM weighed
    WHERE gain > 0 AND r > 0 AND rb >= :least AND aw >= :least
    ORDER BY prefix, role, feature, since, gain DESC, value DESC
), wide AS (
    SELECT DISTINCT ON (prefix, role, feature) prefix, role, feature, value FROM best
    ORDER BY prefix, role, feature, since
), rivals AS (
    SELECT DISTINCT ON (w.prefix, w.role, w.feature, w.since)
           w.prefix, w.role, w.feature, w.since, w.gain
    FROM weighed w JOIN wide USING (prefix, role, feature)
    WHERE w.value >= wide.value ORDER BY w.prefix, w.role, w.feature, w.since, w.value
)
SELECT b.prefix, b.role, b.feature, b.since, b.value AS beyond, b.within, b.cuts::integer AS cuts,
       b.aw::integer AS aw, b.rw::integer AS rw, b.ab::integer AS ab, b.rb::integer AS rb, b.gain,
       coalesce(r.gain, 0) AS rival
FROM best b LEFT JOIN rivals r USING (prefix, role, feature, since)
ORDER BY b.prefix, b.role, b.feature, b.since;

-- name: totals
-- description: How many of each range, role and window were approved and refused at all, and how seen.
-- A refusal is witnessed if others had answers just then, or its sale was approved after the first one.
WITH samples AS MATERIALIZED ({samples}), ranges AS MATERIALIZED ({ranges}), points AS (
    SELECT p.prefix, s.role, w.since, s.ok, s.at, s.amid,
           s.at - s.age_s * interval '1 s' > min(s.at) FILTER (WHERE NOT s.ok) OVER (
               PARTITION BY p.prefix, s.role, w.since) AS sold_since
    FROM samples s
    JOIN (SELECT '' AS prefix UNION ALL SELECT prefix FROM ranges) p ON p.prefix IN ('', s.prefix)
    JOIN unnest(:windows::timestamptz[]) AS w (since) ON s.at >= w.since
)
SELECT prefix, role, since, count(*) FILTER (WHERE ok)::integer AS a,
       count(*) FILTER (WHERE NOT ok)::integer AS r,
       count(*) FILTER (WHERE NOT ok AND (amid IS NOT NULL OR sold_since))::integer AS witnessed,
       count(DISTINCT date_trunc('hour', at)) FILTER (WHERE NOT ok)::integer AS hours
FROM points GROUP BY prefix, role, since;

-- name: day
-- description: Answers of each range, role and window by time of day, and between which times they lie.
-- In buckets of five minutes: of voids `a` and `r`, approved and refused; of those within a day after
-- the sale where they end, and where their sales were; bucket -1 are those that midnight lies within.
WITH samples AS MATERIALIZED ({samples}), ranges AS MATERIALIZED ({ranges}), points AS (
    SELECT p.prefix, s.role, w.since, x.bucket, s.ok, x.ends, x.sold
    FROM samples s
    JOIN (SELECT '' AS prefix UNION ALL SELECT prefix FROM ranges) p ON p.prefix IN ('', s.prefix)
    JOIN unnest(:windows::timestamptz[]) AS w (since) ON s.at >= w.since
    CROSS JOIN LATERAL (
        SELECT s.minute / 5, NOT s.next_day, false
        UNION ALL SELECT s.sale_minute / 5, false, true WHERE NOT s.next_day
        UNION ALL SELECT -1, false, true
        WHERE NOT s.next_day AND s.sale_minute / 5 > s.minute / 5) AS x (bucket, ends, sold)
)
SELECT prefix, role, since, bucket,
       count(*) FILTER (WHERE ok AND NOT sold)::integer AS a,
       count(*) FILTER (WHERE NOT ok AND NOT sold)::integer AS r,
       count(*) FILTER (WHERE ok AND ends)::integer AS a_ends,
       count(*) FILTER (WHERE NOT ok AND ends)::integer AS r_ends,
       count(*) FILTER (WHERE ok AND sold)::integer AS a_sold,
       count(*) FILTER (WHERE NOT ok AND sold)::integer AS r_sold
FROM points GROUP BY prefix, role, since, bucket ORDER BY prefix, role, since, bucket;

-- name: beyond
-- description: What lies behind one boundary, the newest first: when, whether approved, what was said.
-- `works`: some void of the same card was approved, so that it is not the card that is refused.
WITH samples AS MATERIALIZED ({samples})
SELECT s.at, s.ok, s.code, (s.at AT TIME ZONE :zone)::date AS day,
       CASE WHEN k.feature <= 5 THEN s.vals[k.feature] END AS value, s.card,
       s.card IS NOT NULL AND s.card IN (SELECT card FROM samples WHERE ok AND card IS NOT NULL)
           AS works
FROM samples s, (SELECT :prefix::text AS prefix, :role::text AS role, :feature::integer AS feature,
                        :beyond::bigint AS beyond, :until::integer AS until) k
WHERE starts_with(s.prefix, k.prefix) AND s.role = k.role AND {behind}
ORDER BY s.at DESC LIMIT 2000;

-- name: of_issuer
-- description: Rules of an issuer that may count, as the diagnosis reads them.
SELECT issuer_id, id, prefix, role, rule, number, until, within, beyond, approved_within,
       refused_within, refused_beyond, exceptions, sure, code, since, changed, state
FROM learnt_rules WHERE issuer_id = :issuer AND ended_at IS NULL AND state <> 'dismissed';

-- name: fresh
-- description: Issuers with samples that no fit has seen, those first that have waited longest.
SELECT issuer_id FROM learning WHERE fresh AND issuer_id <> ''
ORDER BY fitted_at NULLS FIRST, issuer_id LIMIT :most;

-- name: due
-- description: Issuers of which not all samples were looked at on a day.
SELECT issuer_id FROM learning WHERE issuer_id <> '' AND coalesce(whole_on < :day, true)
ORDER BY issuer_id LIMIT :most;

-- name: fitted
-- description: Keep that an issuer was looked at; with a day, that this was all of it.
UPDATE learning SET fresh = false, fitted_at = :now, whole_on = coalesce(:day, whole_on)
WHERE issuer_id = :issuer;

-- name: open
-- description: Rules of an issuer that have not ended.
SELECT issuer_id, id, prefix, role, rule, number, until, within, beyond, approved_within,
       refused_within, refused_beyond, exceptions, sure, code, since, changed, state, dismissed_with,
       policy_id
FROM learnt_rules WHERE issuer_id = :issuer AND ended_at IS NULL FOR UPDATE;

-- name: add
-- description: Keep a rule that was not known.
INSERT INTO learnt_rules (
    issuer_id, id, prefix, role, rule, number, until, within, beyond, approved_within, refused_within,
    refused_beyond, exceptions, sure, code, since, changed, first_seen, refreshed_at)
VALUES (:issuer, :id, :prefix, :role, :rule, :number, :until, :within, :beyond, :approved_within,
        :refused_within, :refused_beyond, :exceptions, :sure, :code, :since, :changed, :now, :now)
ON CONFLICT DO NOTHING;

-- name: refresh
-- description: Bring a rule up to date; one that was dismissed is suspected anew at twice the evidence.
UPDATE learnt_rules
SET number = :number, until = :until, within = :within, beyond = :beyond,
    approved_within = :approved_within, refused_within = :refused_within,
    refused_beyond = :refused_beyond, exceptions = :exceptions, sure = :sure, code = :code,
    since = :since, changed = :changed, refreshed_at = :now,
    state = CASE WHEN state = 'dismissed' AND :refused_beyond >= 2 * dismissed_with
                 THEN 'suspected' ELSE state END
WHERE issuer_id = :issuer AND id = :id AND ended_at IS NULL;

-- name: close
-- description: Keep that a rule counts no more, nor the policy that came of it by itself.
WITH closed AS (
    UPDATE learnt_rules SET ended_at = :now
    WHERE issuer_id = :issuer AND id = :id AND ended_at IS NULL
    RETURNING policy_id
)
UPDATE policies p SET valid_until = greatest(:now, p.valid_from + interval '1 microsecond')
FROM closed c
WHERE p.issuer_id = :issuer AND p.id = c.policy_id AND p.set_by = 'annul' AND p.valid_until IS NULL;

-- name: adopt
-- description: Make a policy of a rule that is suspected, in force since the rule is.
WITH adopted AS (
    UPDATE learnt_rules SET state = 'policy', policy_id = :policy
    WHERE issuer_id = :issuer AND id = :id AND state = 'suspected' AND ended_at IS NULL
    RETURNING issuer_id, number, since
)
INSERT INTO policies (issuer_id, id, kind, number, valid_from, note, set_by, set_at)
SELECT issuer_id, :policy, :kind, number, since, :note, :who, :now FROM adopted
RETURNING id;

-- name: adopted
-- description: Keep in the audit log that a rule became a policy by itself.
INSERT INTO audit (id, at, who, role, action, object, reason, detail)
VALUES (gen_random_uuid(), :now, 'annul', '', 'adopt-rule', 'issuer ' || :issuer::text, :note,
        jsonb_build_object('id', :id::text, 'policy', :policy::uuid));
