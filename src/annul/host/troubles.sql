-- What a host knows of incidents.

-- name: down
-- description: Issuers whose cards have trouble.
SELECT DISTINCT member FROM incident_heads WHERE down_since IS NOT NULL AND up_at IS NULL;
