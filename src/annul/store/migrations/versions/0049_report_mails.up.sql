-- Reports on voids by mail: each period once to each person who asked for it.

CREATE TABLE report_subscriptions (
    name       text NOT NULL REFERENCES users,
    length     text NOT NULL CONSTRAINT report_subscriptions_length CHECK (length IN ('day', 'week')),
    channel_id uuid NOT NULL REFERENCES channels,  -- of kind mail: its server carries them
    mail       bytea NOT NULL,                -- sealed: where to
    since      date NOT NULL,                 -- the first day of the first period that is sent
    set_at     timestamptz NOT NULL,
    CONSTRAINT report_subscriptions_pkey PRIMARY KEY (name, length)
);

-- What is mailed, written once for all who get the same: `merchant_id` empty is of all merchants. A row without
-- `made_at` is being written, or could not be written before `leased_until`.
CREATE TABLE report_letters (
    length       text NOT NULL,
    first        date NOT NULL,               -- the period's first business day
    merchant_id  text NOT NULL,
    language     text NOT NULL CONSTRAINT report_letters_language CHECK (language IN ('zh', 'en')),
    leased_until timestamptz NOT NULL,
    made_at      timestamptz,
    subject      text NOT NULL DEFAULT '',
    body         text NOT NULL DEFAULT '',
    names        text[] NOT NULL DEFAULT '{}',  -- of its files, with the media and contents of each
    media        text[] NOT NULL DEFAULT '{}',
    contents     bytea[] NOT NULL DEFAULT '{}',
    CONSTRAINT report_letters_pkey PRIMARY KEY (length, first, merchant_id, language)
);

-- What is owed to whom. Its key is why a period is mailed once, whichever process owes or sends it.
CREATE TABLE report_mails (
    name        text NOT NULL REFERENCES users,
    length      text NOT NULL,
    first       date NOT NULL,
    merchant_id text NOT NULL,                -- with `language`: which letter
    language    text NOT NULL,
    channel_id  uuid NOT NULL REFERENCES channels,
    owed_at     timestamptz NOT NULL,
    due_at      timestamptz NOT NULL,
    tries       integer NOT NULL DEFAULT 0,
    message_id  uuid,                         -- the last one that carried it
    error       text NOT NULL DEFAULT '',     -- why the last one was not taken
    state       text NOT NULL DEFAULT 'owed' CONSTRAINT report_mails_state CHECK (
        state IN ('owed', 'told', 'dropped')),
    CONSTRAINT report_mails_pkey PRIMARY KEY (name, length, first)
);
CREATE INDEX report_mails_owed ON report_mails (channel_id, due_at) WHERE state = 'owed';
CREATE INDEX report_mails_at ON report_mails (owed_at);

-- Outbox and log of notices go once they are old; what is owed stays. The log is only ever added to, so it goes by
-- this alone, and never before the least days of annul.domain.retention.
CREATE INDEX notice_outbox_at ON notice_outbox (at);

CREATE FUNCTION purge_notice_log(before timestamptz, most integer) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
WITH gone AS (
    DELETE FROM public.notice_log WHERE ctid = ANY (ARRAY(
        SELECT l.ctid FROM public.notice_log l
        WHERE l.at < least(before, now() - interval '30 days')
        ORDER BY l.at LIMIT most FOR UPDATE OF l SKIP LOCKED))
    RETURNING id
)
SELECT count(*) FROM gone;
$$;
REVOKE EXECUTE ON FUNCTION purge_notice_log FROM PUBLIC;
