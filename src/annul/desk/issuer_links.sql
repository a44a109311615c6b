-- How issuers are reached and spoken with.

-- name: find
-- description: One issuer, as its link is made of it.
SELECT {columns} FROM issuers t WHERE issuer_id = :issuer;

-- name: hold
-- description: The same, held until the transaction ends.
SELECT {columns} FROM issuers t WHERE issuer_id = :issuer FOR UPDATE;

-- name: set
-- description: Say how an issuer is reached and spoken with.
UPDATE issuers
SET host = :host, port = :port, dialect = :dialect, framing = :framing, timeout_ms = :timeout_ms,
    profile = :profile
WHERE issuer_id = :issuer;

-- name: changed
-- description: Let every process read reference data anew.
UPDATE reference SET version = version + 1;
