-- name: parts
-- description: What a person has begun and done of each course.
SELECT course, version, task, begun_at, done_at, evidence FROM course_tasks WHERE person = :person;

-- name: people
-- description: Everybody who has begun a course, with their role where they are a user here.
SELECT DISTINCT t.person, coalesce(u.role, '') AS role
FROM course_tasks t LEFT JOIN users u ON u.name = t.person AND u.active
WHERE (:merchant::text = '' OR u.merchant_id = :merchant)
ORDER BY t.person;

-- name: begin
-- description: Begin a task or question; one that an earlier certificate was given for begins anew.
INSERT INTO course_tasks (person, course, version, task, begun_at)
VALUES (:person, :course, :version, :task, :now)
ON CONFLICT (person, course, version, task)
DO UPDATE SET begun_at = excluded.begun_at, done_at = NULL, evidence = '{}'
WHERE course_tasks.begun_at <= :after::timestamptz;

-- name: done
-- description: Keep what proved a task; once.
UPDATE course_tasks SET done_at = greatest(begun_at, :now::timestamptz), evidence = :evidence
WHERE person = :person AND course = :course AND version = :version AND task = :task AND done_at IS NULL
RETURNING task;

-- name: locked
-- description: What a person has done of a course, kept as it is while a certificate is made of it.
SELECT task, begun_at, done_at, evidence FROM course_tasks
WHERE person = :person AND course = :course AND version = :version
ORDER BY task FOR UPDATE;

-- name: certify
-- description: Give a certificate.
INSERT INTO certificates (number, person, course, version, at, valid_until)
VALUES (:number, :person, :course, :version, :at, :valid_until);

-- name: certificates
-- description: All certificates of a person, the latest first.
SELECT number, person, course, version, at, valid_until FROM certificates
WHERE person = :person ORDER BY at DESC;

-- name: certificate
-- description: A certificate by its number, and the merchant of whom it was given to.
SELECT c.number, c.person, c.course, c.version, c.at, c.valid_until,
       coalesce(u.merchant_id, '') AS merchant_id
FROM certificates c LEFT JOIN users u ON u.name = c.person
WHERE c.number = :number;
