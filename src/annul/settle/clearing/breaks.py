"""The statements by which breaks are opened, explained and held in suspense."""

from typing import Final

from annul.domain.kinds import GIVING, TAKING
from annul.domain.states import STANDING
from annul.store.posting import PARTS
from annul.store.sql import listed, load

SQL: Final = load(
    "annul.settle.clearing",
    "breaks.sql",
    taking=listed(TAKING),
    giving=listed(GIVING),
    standing=listed(STANDING),
    **PARTS,
)
