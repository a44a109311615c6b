-- name: leaving
-- description: Merchants on their way to another cell, and whether somebody moves them now.
-- `annul cells move` holds this lock; its second key stands in the view as a number above zero.
SELECT m.merchant_id, m.cell,
       EXISTS (SELECT FROM pg_locks l
               WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
                 AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                 AND l.classid = 'merchants'::regclass::oid
                 AND l.objid::bigint = hashtext(m.merchant_id)::bigint & 4294967295) AS moved
FROM merchants m WHERE m.lives = 'leaving';
