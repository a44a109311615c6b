-- What confirmed causes have taught; each row is one step that may be taken back.

-- name: shifts
-- description: The sum of what is in force, by cause and signal.
SELECT cause, signal, sum(shift) AS shift FROM lessons WHERE undone_at IS NULL
GROUP BY cause, signal;

-- name: teach
-- description: Keep the steps of one lesson.
INSERT INTO lessons (id, case_id, cause, signal, shift, taught_by, taught_at)
SELECT gen_random_uuid(), $1, cause, signal, shift, $5, $6
FROM unnest($2::text[], $3::text[], $4::real[]) AS l (cause, signal, shift);

-- name: undo
-- description: Take back what a case has taught; give how many steps.
UPDATE lessons SET undone_at = $2 WHERE case_id = $1 AND undone_at IS NULL RETURNING id;
