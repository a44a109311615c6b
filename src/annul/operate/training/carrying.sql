-- Between an installation and its sandbox, which are two databases.

-- name: people
-- description: Who is let in, with what their password is known by; nothing of their second factor.
SELECT name, password_hash, role, one_time, merchant_id, language FROM users
WHERE active AND password_hash <> '';

-- name: shop
-- description: The shop of everybody who belongs to one: the first whose voids need no balance.
SELECT merchant_id FROM merchants WHERE NOT void_needs_balance ORDER BY merchant_id LIMIT 1;

-- name: bring_person
-- description: Let somebody in who is let in there; a role that they were given here stays.
INSERT INTO users (name, password_hash, role, one_time, merchant_id, language, created_at, made_by)
VALUES (:name, :password_hash, :role, :one_time, :merchant, :language, :now, :mark)
ON CONFLICT (name) DO UPDATE
SET password_hash = excluded.password_hash, one_time = false, active = true, left_at = NULL
WHERE users.made_by = excluded.made_by AND NOT excluded.one_time
  AND (NOT users.active OR users.password_hash <> excluded.password_hash);

-- name: send_away
-- description: Let nobody in any more who is not let in there.
WITH gone AS (
    UPDATE users SET active = false, left_at = :now
    WHERE made_by = :mark AND active AND name <> ALL (:names::text[])
    RETURNING name
)
DELETE FROM sessions WHERE name IN (SELECT name FROM gone);

-- name: parts
-- description: All that everybody has begun and done.
SELECT person, course, version, task, begun_at, done_at, evidence FROM course_tasks
ORDER BY person, course, version, task;

-- name: bring_part
-- description: Keep how far somebody is with a task; what was begun last counts, and what is done stays done.
INSERT INTO course_tasks (person, course, version, task, begun_at, done_at, evidence)
VALUES (:person, :course, :version, :task, :begun_at, :done_at, :evidence)
ON CONFLICT (person, course, version, task) DO UPDATE
SET begun_at = excluded.begun_at, done_at = excluded.done_at, evidence = excluded.evidence
WHERE excluded.begun_at > course_tasks.begun_at
   OR excluded.begun_at = course_tasks.begun_at AND course_tasks.done_at IS NULL
      AND excluded.done_at IS NOT NULL;

-- name: certificates
-- description: All certificates.
SELECT number, person, course, version, at, valid_until FROM certificates ORDER BY number;

-- name: bring_certificate
-- description: Keep a certificate that was earned there; once.
INSERT INTO certificates (number, person, course, version, at, valid_until)
VALUES (:number, :person, :course, :version, :at, :valid_until)
ON CONFLICT DO NOTHING;
