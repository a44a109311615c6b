-- What confirmed causes have taught; each row is one step that may be taken back.

-- name: shifts
-- description: The sum of what is in force, by cause and signal.
SELECT cause, signal, sum(shift) AS shift FROM lessons WHERE undone_at IS NULL
GROUP BY cause, signal;

-- name: teach
-- description: Keep the steps of one lesson; a case teaches once, until that is taken back.
INSERT INTO lessons (id, case_id, cause, signal, shift, taught_by, taught_at)
SELECT gen_random_uuid(), :case, cause, signal, shift, :who, :now
FROM unnest(:causes::text[], :signals::text[], :shifts::real[]) AS l (cause, signal, shift)
WHERE NOT EXISTS (SELECT FROM lessons o WHERE o.case_id = :case AND o.undone_at IS NULL)
RETURNING id;

-- name: list
-- description: What was taught, a case a row, the latest first.
SELECT l.case_id, min(c.number) AS number, l.taught_by, l.taught_at, l.undone_at,
       max(l.cause) FILTER (WHERE l.shift > 0) AS confirmed,
       max(l.cause) FILTER (WHERE l.shift < 0) AS instead_of, count(*)::integer AS steps
FROM lessons l LEFT JOIN cases c ON c.id = l.case_id
GROUP BY l.case_id, l.taught_by, l.taught_at, l.undone_at ORDER BY l.taught_at DESC LIMIT :limit;

-- name: undo
-- description: Take back what a case has taught, and keep who did and why; give how many steps.
WITH undone AS (
    UPDATE lessons SET undone_at = :now WHERE case_id = :case AND undone_at IS NULL RETURNING id
), kept AS (
    INSERT INTO audit (id, at, who, role, action, object, reason)
    SELECT gen_random_uuid(), :now, :who, :role, 'undo-lesson', 'case ' || :case::text, :reason
    WHERE EXISTS (SELECT FROM undone)
)
SELECT count(*) FROM undone;
