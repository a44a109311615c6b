"""The statements by which breaks are opened, explained and held in suspense."""

from collections.abc import Mapping
from typing import Final

from annul.domain.kinds import GIVING, TAKING
from annul.domain.states import STANDING
from annul.store.posting import PARTS
from annul.store.sql import listed, load

from . import standing
from .standing import Before, By


def _load(stand: Mapping[str, str]) -> By:
    return load(
        "annul.settle.clearing",
        "breaks.sql",
        taking=listed(TAKING),
        giving=listed(GIVING),
        standing=listed(STANDING),
        **PARTS,
        **stand,
    )


SQL: Final = _load(standing.NOW)
BEFORE: Final = Before(_load(standing.BEFORE))
