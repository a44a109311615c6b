-- What confirmed causes have taught; each row is one step that may be taken back.

-- name: said
-- description: By case and cause, how many more said that its advice helped than said that it did not.
SELECT case_id, cause, sum(CASE WHEN helped THEN 1 ELSE -1 END)::integer AS more
FROM advice_answers GROUP BY case_id, cause;

-- name: shifts
-- description: The sum of what is in force, by cause and signal.
-- A lesson weighs more where the advice of the cause that it confirms has helped. One that did not is
-- for people to look at: it weighs what it did.
SELECT l.cause, l.signal, sum(l.shift * CASE WHEN s.more > 0 THEN :helped::real ELSE 1 END) AS shift
FROM lessons l
LEFT JOIN (SELECT case_id, max(cause) AS confirmed FROM lessons
           WHERE undone_at IS NULL AND shift > 0 GROUP BY case_id) c ON c.case_id = l.case_id
LEFT JOIN ({said}) s ON s.case_id = l.case_id AND s.cause = c.confirmed
WHERE l.undone_at IS NULL
GROUP BY l.cause, l.signal;

-- name: teach
-- description: Keep the steps of one lesson; a case teaches once, until that is taken back.
INSERT INTO lessons (id, case_id, cause, signal, shift, taught_by, taught_at)
SELECT gen_random_uuid(), :case, cause, signal, shift, :who, :now
FROM unnest(:causes::text[], :signals::text[], :shifts::real[]) AS l (cause, signal, shift)
WHERE NOT EXISTS (SELECT FROM lessons o WHERE o.case_id = :case AND o.undone_at IS NULL)
RETURNING id;

-- name: list
-- description: What was taught, a case a row, the latest first, and what was said of the advice.
-- `more`: how many more said of the confirmed cause that its advice has helped; none: nobody said.
SELECT l.*, s.more
FROM (SELECT l.case_id, min(c.number) AS number, l.taught_by, l.taught_at, l.undone_at,
             max(l.cause) FILTER (WHERE l.shift > 0) AS confirmed,
             max(l.cause) FILTER (WHERE l.shift < 0) AS instead_of, count(*)::integer AS steps
      FROM lessons l LEFT JOIN cases c ON c.id = l.case_id
      GROUP BY l.case_id, l.taught_by, l.taught_at, l.undone_at
      ORDER BY l.taught_at DESC LIMIT :limit) l
LEFT JOIN ({said}) s ON s.case_id = l.case_id AND s.cause = l.confirmed
ORDER BY l.taught_at DESC;

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
