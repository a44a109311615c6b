-- Drills that were run, as the database has them.

-- name: keep
-- description: Keep a run, once; what annul alone came to is added when it is known.
INSERT INTO drill_runs (id, number, drill, seed, speed, team, started_by, began, ended,
                        truths, deeds, ends, money, alone)
VALUES (:id, :number, :drill, :seed, :speed, :team, :started_by, :began, :ended,
        :truths, :deeds, :ends, :money, :alone)
ON CONFLICT (id) DO UPDATE SET alone = excluded.alone
WHERE drill_runs.alone IS NULL AND excluded.alone IS NOT NULL;

-- name: runs
-- description: Runs, the latest first; of one drill if it is named.
SELECT id, number, drill, seed, speed, team, started_by, began, ended, truths, deeds, ends, money, alone
FROM drill_runs
WHERE (:drill::text = '' OR drill = :drill)
  AND (:after_at::timestamptz IS NULL OR (began, id) < (:after_at, :after_id::uuid))
ORDER BY began DESC, id DESC LIMIT :limit;

-- name: run
-- description: One run by its number.
SELECT id, number, drill, seed, speed, team, started_by, began, ended, truths, deeds, ends, money, alone
FROM drill_runs WHERE number = :number;
