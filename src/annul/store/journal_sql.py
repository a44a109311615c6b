"""The journal's statements, with what they take from the code: columns and codes of approval."""

from typing import Final

from annul.domain.records import Transaction
from annul.domain.response_codes import BOOKED

from .database import load_queries

_COLUMNS: Final = ", ".join(f"t.{name}" for name in Transaction._fields)
_BOOKED: Final = ", ".join(f"'{code}'" for code in sorted(BOOKED))

QUERIES: Final = {
    name: query.sql.replace("{columns}", _COLUMNS).replace("{booked}", f"ARRAY[{_BOOKED}]")
    for name, query in load_queries("annul.store", "journal.sql").items()
}
