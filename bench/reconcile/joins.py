"""What others need for the bare join of the same two files: DuckDB and Polars, each on its own.

`python -m bench.reconcile.joins duckdb BOOKS.csv FILE`: no indexes, no ledger, nothing kept; says
seconds and how many rows each side has alone.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any, Final

from annul.settle.clearing.layouts import LAYOUTS

_FIELDS: Final = {field.name: field for field in LAYOUTS["COM"].fields}
_KEY: Final = ("merchant_id", "rrn")
_JOINED: Final = """
SELECT count(*) FILTER (WHERE t.rrn IS NULL), count(*) FILTER (WHERE s.rrn IS NULL),
       count(*) FILTER (WHERE s.amount::bigint <> t.amount::bigint)
FROM (SELECT {fields} FROM read_csv(?, header = false, delim = '\x01', quote = '', escape = '',
                                    columns = {{'l': 'VARCHAR'}})) s
FULL JOIN (SELECT merchant_id, rrn, amount, kind, state
           FROM read_csv(?, header = true, all_varchar = true)) t
  ON t.rrn = s.rrn AND t.merchant_id = s.merchant_id
"""


def _duckdb(books: Path, file: Path) -> tuple[int, ...]:
    import duckdb

    fields = ", ".join(
        f"trim(substr(l, {_FIELDS[name].start}, {_FIELDS[name].length})) AS {name}"
        for name in (*_KEY, "amount", "message")
    )
    found = duckdb.execute(_JOINED.format(fields=fields), [str(file), str(books)]).fetchone()
    assert found is not None
    return found


def _polars(books: Path, file: Path) -> tuple[int, ...]:
    import polars as pl

    theirs = pl.scan_csv(
        file, separator="\x01", has_header=False, quote_char=None, schema={"l": pl.String}
    ).select(
        *(
            pl.col("l")
            .str.slice(_FIELDS[name].start - 1, _FIELDS[name].length)
            .str.strip_chars()
            .alias(name)
            for name in (*_KEY, "message")
        ),
        pl.col("l")
        .str.slice(_FIELDS["amount"].start - 1, _FIELDS["amount"].length)
        .cast(pl.Int64)
        .alias("told"),
    )
    ours = pl.scan_csv(books, infer_schema=False).with_columns(pl.col("amount").cast(pl.Int64))
    sides = theirs.with_columns(pl.lit(value=True).alias("there")).join(
        ours, on=list(_KEY), how="full", coalesce=True
    )
    found = sides.select(
        pl.col("amount").is_null().sum().alias("here"),
        pl.col("there").is_null().sum().alias("gone"),
        (pl.col("told") != pl.col("amount")).sum().alias("amounts"),
    ).collect()
    return found.row(0)


def _main(which: str, books: str, file: str) -> None:
    joined: dict[str, Any] = {"duckdb": _duckdb, "polars": _polars}
    began = time.monotonic()
    found = joined[which](Path(books), Path(file))
    print(json.dumps({"seconds": time.monotonic() - began, "found": found}))


if __name__ == "__main__":
    _main(*sys.argv[1:])
