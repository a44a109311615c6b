-- A preview matches a file as a commit does, and keeps nothing. Were its rows written among those that count, each
-- would leave behind a dead row and dead keys, equal to those that a commit writes next: of ten million rows that
-- made the commit three times as long. So they stand in a table of the transaction's own, which is read as a part of
-- `clearing_rows` by it alone. Only an owner may make such a part, and the serving role owns none.
CREATE FUNCTION preview_clearing() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    CREATE TEMPORARY TABLE clearing_rows_previewed () INHERITS (public.clearing_rows) ON COMMIT DROP;
    CREATE INDEX ON clearing_rows_previewed (file_id, line);
    CREATE UNIQUE INDEX ON clearing_rows_previewed (transaction_id, undoes) WHERE transaction_id IS NOT NULL;
    CREATE INDEX ON clearing_rows_previewed (file_id, line) WHERE outcome <> 'matched';
    GRANT INSERT ON clearing_rows_previewed TO PUBLIC;  -- in this session
END;
$$;
REVOKE EXECUTE ON FUNCTION preview_clearing FROM PUBLIC;

CREATE OR REPLACE FUNCTION count_clearing() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    ANALYZE public.clearing_staged;
    ANALYZE public.clearing_rows;
    IF to_regclass('pg_temp.clearing_rows_previewed') IS NOT NULL THEN
        EXECUTE 'ANALYZE pg_temp.clearing_rows_previewed';
    END IF;
END;
$$;
