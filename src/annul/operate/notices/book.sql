-- What is set up for notices.

-- name: channels
-- description: Channels that are used.
SELECT id, name, kind, language, per_minute, severity, scopes, quiet_from, quiet_to, by_rota
FROM channels WHERE active ORDER BY name;

-- name: rota
-- description: All lines of the rota whose channel is used.
SELECT r.* FROM rota r JOIN channels c ON c.id = r.channel_id AND c.active;

-- name: steps
-- description: The steps of escalation.
SELECT step, channel_id FROM escalations;
