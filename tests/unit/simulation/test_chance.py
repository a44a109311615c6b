"""Whatever annul draws is the seed's, wherever it draws it; afterwards chance is chance again."""

import os
import secrets
import sys
from datetime import UTC, datetime
from types import ModuleType

import pytest
import uuid_utils
from uuid_utils import compat

from annul.simulation.chance import seeded

_NOW = datetime(2026, 11, 23, tzinfo=UTC)
_COMPAT, _PLAIN, _URANDOM = compat.uuid7, uuid_utils.uuid7, os.urandom


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Give a module of annul that nobody has listed."""
    made = ModuleType("annul.of_tomorrow")
    made.uuid7, made.urandom = _COMPAT, _URANDOM  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, made.__name__, made)
    return made


def _drawn(module: ModuleType) -> list[object]:
    with seeded("7", lambda: _NOW):
        late = ModuleType("annul.imported_meanwhile")
        late.uuid7 = uuid_utils.uuid7  # type: ignore[attr-defined]
        sys.modules[late.__name__] = late
        drawn: list[object] = [module.uuid7(), module.urandom(8), str(late.uuid7())]
        drawn += [secrets.randbelow(10**9), secrets.token_urlsafe(), secrets.choice("abcdef")]
    assert sys.modules.pop(late.__name__).uuid7 is _PLAIN
    return drawn


def test_the_same_seed_draws_the_same_in_every_module(module: ModuleType) -> None:
    assert _drawn(module) == _drawn(module)
    assert (module.uuid7, module.urandom) == (_COMPAT, _URANDOM)
    assert (compat.uuid7, uuid_utils.uuid7, os.urandom) == (_COMPAT, _PLAIN, _URANDOM)
    assert secrets.token_bytes(8) != secrets.token_bytes(8)
