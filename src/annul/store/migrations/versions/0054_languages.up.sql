-- A channel that has no language speaks that of the installation (the setting notices_language).
ALTER TABLE channels DROP CONSTRAINT channels_language;
ALTER TABLE channels ADD CONSTRAINT channels_language CHECK (language IN ('', 'zh', 'en'));
