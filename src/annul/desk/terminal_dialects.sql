-- The dialect that a terminal is registered with.

-- name: hold
-- description: The dialect of a terminal, held until the transaction ends.
SELECT dialect FROM terminals WHERE merchant_id = :merchant AND terminal_id = :terminal FOR UPDATE;

-- name: set
-- description: Say which dialect a terminal speaks.
UPDATE terminals SET dialect = :dialect WHERE merchant_id = :merchant AND terminal_id = :terminal;

-- name: changed
-- description: Let running hosts read merchants and terminals anew.
UPDATE reference SET version = version + 1;
