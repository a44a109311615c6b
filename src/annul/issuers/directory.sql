-- The issuers and the BIN table, as the host loads them.

-- name: issuers
-- description: Every issuer, also those that are switched off, by id.
SELECT {issuer_columns} FROM issuers t ORDER BY issuer_id;

-- name: bins
-- description: Every prefix with its primary and backup issuer.
SELECT {bin_columns} FROM bins t ORDER BY prefix;
