-- Since when a case goes by the cause that it goes by: what cannot be taken back is done when two looks
-- apart in time agree.
ALTER TABLE cases ADD COLUMN named_at timestamptz;
