"""The dialects that annul speaks, by name."""

from collections.abc import Mapping
from typing import Final

from annul.wire.dialect import Dialect

from .cups import CUPS
from .iso87 import ISO87_ASCII, ISO87_BINARY
from .iso93 import ISO93_ASCII, ISO93_BINARY
from .unionpay_pos import UNIONPAY_POS

DIALECTS: Final[Mapping[str, Dialect]] = {
    dialect.name: dialect
    for dialect in (UNIONPAY_POS, CUPS, ISO87_ASCII, ISO87_BINARY, ISO93_ASCII, ISO93_BINARY)
}
