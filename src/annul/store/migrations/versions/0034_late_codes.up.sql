-- The authorisation code of an answer that came while another one was awaited: two differ where an
-- issuer has approved, and may have booked, one request twice.
ALTER TABLE transactions ADD COLUMN late_auth_code text NOT NULL DEFAULT '';
