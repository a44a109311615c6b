-- How an issuer's host speaks otherwise than most (annul.domain.link_profile); nothing: as most do.
ALTER TABLE issuers ADD COLUMN profile jsonb NOT NULL DEFAULT '{}';
ALTER TABLE issuers ADD CONSTRAINT issuers_profile_check CHECK (jsonb_typeof(profile) = 'object');

-- Fields of its answers that make no sense and that nobody needs: by number, how often, and the last.
ALTER TABLE issuer_links ADD COLUMN odd jsonb NOT NULL DEFAULT '{}';

-- The dialect that a terminal speaks; empty: that of its port.
ALTER TABLE terminals ADD COLUMN dialect text NOT NULL DEFAULT '';
