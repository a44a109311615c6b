-- How incidents are opened and closed: once for each kind and subject of a merchant while it is open.
-- The two parts stand in other statements as well, so that an incident shares the commit of what it
-- is about. Both take their rows in one order, as two that write the same ones would wait for each
-- other.

-- name: open_raised
-- description: Part: open what the rows `raised` (merchant_id, kind, subject, transaction_id, params, at) say.
INSERT INTO incidents (merchant_id, id, kind, subject, transaction_id, params, opened_at)
SELECT merchant_id, gen_random_uuid(), kind, subject, transaction_id, params, at
FROM raised ORDER BY kind, subject, merchant_id
ON CONFLICT (kind, subject, merchant_id) WHERE closed_at IS NULL DO NOTHING

-- name: close_ended
-- description: Part: close what the rows `ended` (merchant_id, kind, subject, at) name.
UPDATE incidents i SET closed_at = held.at
FROM (SELECT o.merchant_id, o.id, e.at
      FROM incidents o JOIN ended e USING (merchant_id, kind, subject)
      WHERE o.closed_at IS NULL
      ORDER BY o.kind, o.subject, o.merchant_id FOR UPDATE OF o) held
WHERE i.merchant_id = held.merchant_id AND i.id = held.id

-- name: open
-- description: Open incidents; gives those that were not open.
WITH raised AS (
    SELECT r.*, :at::timestamptz AS at
    FROM unnest(:kinds::text[], :merchants::text[], :subjects::text[], :params::jsonb[],
                :transactions::uuid[])
        AS r (kind, merchant_id, subject, params, transaction_id)
)
{open_raised}
RETURNING id;

-- name: close
-- description: Close incidents; gives those that were open.
WITH ended AS (
    SELECT r.*, :at::timestamptz AS at
    FROM unnest(:kinds::text[], :merchants::text[], :subjects::text[])
        AS r (kind, merchant_id, subject)
)
{close_ended}
RETURNING i.id;

-- name: are_open
-- description: What is open of a kind.
SELECT merchant_id, subject FROM incidents WHERE kind = :kind AND closed_at IS NULL;

-- name: join
-- description: Put what was raised under a head.
UPDATE incidents i SET head_id = r.head
FROM unnest(:ids::uuid[], :merchants::text[], :heads::uuid[]) AS r (id, merchant_id, head)
WHERE i.id = r.id AND i.merchant_id = r.merchant_id;

-- name: move
-- description: Put all that is under a head under another one.
UPDATE incidents SET head_id = :into WHERE head_id = :head;

-- name: close_of
-- description: Close what is open of a head, of these kinds.
UPDATE incidents SET closed_at = :at WHERE head_id = :head AND closed_at IS NULL AND kind = ANY (:kinds::text[]);

-- name: loosen
-- description: Let what is open of a merchant be gathered anew where its head is not: it has moved to this cell.
UPDATE incidents i SET head_id = NULL
WHERE i.merchant_id = :merchant AND i.closed_at IS NULL
  AND NOT EXISTS (SELECT FROM incident_heads h WHERE h.id = i.head_id);

-- name: retell
-- description: What an open incident says now.
UPDATE incidents SET params = :params::jsonb
WHERE kind = :kind AND subject = :subject AND merchant_id = :merchant AND closed_at IS NULL;
