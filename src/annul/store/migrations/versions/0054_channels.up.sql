-- A channel that has no language speaks that of the installation (the setting notices_language).
ALTER TABLE channels DROP CONSTRAINT channels_language;
ALTER TABLE channels ADD CONSTRAINT channels_language CHECK (language IN ('', 'zh', 'en'));

-- Nobody was there, so the message did not arrive: unlike one that got no answer.
ALTER TABLE notice_log DROP CONSTRAINT notice_log_phase;
ALTER TABLE notice_log ADD CONSTRAINT notice_log_phase CHECK (
    phase IN ('sending', 'told', 'limited', 'refused', 'unreached', 'unanswered', 'unknown'));

-- Whether a message before the last one may have arrived.
ALTER TABLE notice_outbox ADD COLUMN again boolean NOT NULL DEFAULT false;
ALTER TABLE report_mails ADD COLUMN again boolean NOT NULL DEFAULT false;
