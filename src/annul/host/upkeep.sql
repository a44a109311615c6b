-- What a host process says of itself.

-- name: version
-- description: How often reference data were changed.
SELECT version FROM reference;
