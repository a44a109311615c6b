-- Whether what annul advised has helped, as people said with one tap: each person once for a case.
CREATE TABLE advice_answers (
    merchant_id text NOT NULL,
    case_id     uuid NOT NULL,
    who         text NOT NULL,
    cause       text NOT NULL,               -- the one whose advice was shown
    reader      text NOT NULL CONSTRAINT advice_answers_reader CHECK (reader IN ('cashier', 'support')),
    helped      boolean NOT NULL,
    at          timestamptz NOT NULL,        -- when it was first said: it may be changed for a day
    changed_at  timestamptz NOT NULL,
    CONSTRAINT advice_answers_pkey PRIMARY KEY (case_id, who, merchant_id)
);
CREATE INDEX advice_answers_at ON advice_answers (at);

-- A report counts the voids of some days, not all that was sold on them.
CREATE INDEX transactions_voids ON transactions (received_at)
    WHERE kind IN ('void', 'qr_void', 'preauth_void', 'completion_void');
