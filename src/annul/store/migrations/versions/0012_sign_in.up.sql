-- A wrong password counts where it comes from: who guesses somebody's keeps out nobody but himself.
CREATE TABLE sign_in_tries (
    name         text NOT NULL REFERENCES users,
    address      text NOT NULL,                 -- IPv4, the first 64 bits of IPv6, or `local`
    failures     integer NOT NULL,              -- in a row, one that is being looked at among them
    tried_at     timestamptz NOT NULL,
    locked_until timestamptz,
    let_in_at    timestamptz,                   -- when somebody of this name came in from there last
    PRIMARY KEY (name, address)
);
CREATE INDEX sign_in_tries_old ON sign_in_tries (tried_at);

-- When somebody acted last: who moves money is signed out when idle.
ALTER TABLE sessions ADD COLUMN seen_at timestamptz NOT NULL DEFAULT now();
