-- What annul asks of an issuer by itself, where too little traffic comes to tell how it is: the last time.
CREATE TABLE issuer_probes (
    issuer_id  text NOT NULL,
    asked_at   timestamptz NOT NULL,           -- by one process, and by no other within the interval
    why        text NOT NULL CONSTRAINT issuer_probes_why CHECK (why IN ('silent', 'refusing', 'quiet')),
    how        text NOT NULL CONSTRAINT issuer_probes_how CHECK (how IN ('echo', 'void')),
    case_id    uuid,                           -- of the void that is to ask
    outcome    text NOT NULL DEFAULT ''
        CONSTRAINT issuer_probes_outcome CHECK (outcome IN ('', 'answered', 'fault', 'silent', 'not_sent')),
    took_ms    integer,
    asked      bigint NOT NULL DEFAULT 1,      -- since ever
    unanswered bigint NOT NULL DEFAULT 0,
    CONSTRAINT issuer_probes_pkey PRIMARY KEY (issuer_id),
    CONSTRAINT issuer_probes_case CHECK ((how = 'void') = (case_id IS NOT NULL))
) WITH (fillfactor = 70);
