-- The issuers and the BIN table, as the host loads them.

-- name: issuers
-- description: Every issuer, also those that are switched off, by id.
SELECT {columns} FROM issuers t ORDER BY issuer_id;

-- name: bins
-- description: Every prefix with its primary and backup issuer.
SELECT {columns} FROM bins t ORDER BY prefix;
