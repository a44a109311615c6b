-- name: answer
-- description: Keep what a person says of a case's advice, or change it for a while; null: it is too late.
INSERT INTO advice_answers (merchant_id, case_id, who, cause, reader, helped, at, changed_at)
VALUES (:merchant, :case, :who, :cause, :reader, :helped, :now, :now)
ON CONFLICT (case_id, who, merchant_id) DO UPDATE
SET helped = EXCLUDED.helped, cause = EXCLUDED.cause, changed_at = EXCLUDED.changed_at
WHERE advice_answers.at > :since
RETURNING at;

-- name: own
-- description: What a person has said of some cases.
SELECT case_id, helped, at FROM advice_answers WHERE case_id = ANY (:cases::uuid[]) AND who = :who;

-- name: helped
-- description: How many said that an advice has helped, by cause and by who read it.
SELECT cause, reader, count(*) FILTER (WHERE helped)::integer AS helped, count(*)::integer AS answers
FROM advice_answers GROUP BY cause, reader ORDER BY answers DESC, cause, reader;
