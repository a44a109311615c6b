-- What open cases say of issuers.

-- name: issuers_err
-- description: Open an incident for each issuer that a case blames for sure, close it when none does any more.
-- One pass over the open cases, by their index; the first case of each issuer stands for all.
WITH blaming AS (
    SELECT issuer_id, min(number) FILTER (
               WHERE probability >= :named_from AND coalesce(named_at, opened_at) <= :since) AS first_case
    FROM cases
    WHERE ended = '' AND cause = 'issuer_error' AND issuer_id <> ''
    GROUP BY issuer_id
), raised AS (
    SELECT '' AS merchant_id, 'issuer_errs' AS kind, issuer_id AS subject,
           NULL::uuid AS transaction_id,
           jsonb_build_object('issuer', issuer_id, 'case', first_case) AS params,
           :now::timestamptz AS at
    FROM blaming WHERE first_case IS NOT NULL
), opened AS (
    {open_raised}
), ended AS (
    SELECT merchant_id, kind, subject, :now::timestamptz AS at FROM incidents i
    WHERE kind = 'issuer_errs' AND closed_at IS NULL
      AND NOT EXISTS (SELECT FROM blaming b WHERE b.issuer_id = i.subject)
)
{close_ended};
