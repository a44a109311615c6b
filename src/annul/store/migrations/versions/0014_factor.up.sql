-- How people sign in and what a yearly review asks: who added a user, when they came in last, which
-- passwords they had, and a second factor.
ALTER TABLE users
    ADD COLUMN made_by text NOT NULL DEFAULT '',                -- empty: the first one, or not known
    ADD COLUMN reset_by text NOT NULL DEFAULT '',               -- whose link gave them their password last
    ADD COLUMN signed_in_at timestamptz,                        -- with all that was asked for
    ADD COLUMN past_hashes text[] NOT NULL DEFAULT '{}',        -- passwords before this one, latest first
    ADD COLUMN factor_secret bytea,                             -- sealed; null: no second factor
    ADD COLUMN factor_since timestamptz,
    ADD COLUMN factor_step bigint NOT NULL DEFAULT 0,           -- of the latest code that let somebody in
    ADD COLUMN recovery_hashes bytea[] NOT NULL DEFAULT '{}';   -- recovery codes that are still good

-- What older versions know of it. A name is added once: there is no way to delete a user.
UPDATE users u SET made_by = a.who
FROM (SELECT DISTINCT ON (object) object, who FROM audit
      WHERE action = 'add-user' ORDER BY object, at) a
WHERE a.object = 'user ' || u.name;
UPDATE users u SET signed_in_at = t.at
FROM (SELECT name, max(let_in_at) AS at FROM sign_in_tries GROUP BY name) t
WHERE t.name = u.name;

-- Where a session was opened. One that awaits a code opens nothing else, and for minutes only.
ALTER TABLE sessions
    ADD COLUMN address text NOT NULL DEFAULT '',
    ADD COLUMN browser text NOT NULL DEFAULT '',
    ADD COLUMN awaits_code boolean NOT NULL DEFAULT false;

-- A link with which somebody chooses a new password, once; the latest of a user is the one that is good.
CREATE TABLE reset_links (
    name       text PRIMARY KEY REFERENCES users,
    token_hash bytea NOT NULL UNIQUE,
    factor_too boolean NOT NULL,               -- whether it ends the second factor as well
    made_by    text NOT NULL,
    ends_at    timestamptz NOT NULL
);

-- A key of a program ends by itself; keys of older versions a year from now.
ALTER TABLE api_keys
    ADD COLUMN ends_at timestamptz NOT NULL DEFAULT now() + interval '1 year',
    ADD COLUMN addresses cidr[] NOT NULL DEFAULT '{}';          -- empty: from anywhere
