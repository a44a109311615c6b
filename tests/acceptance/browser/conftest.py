from collections.abc import Iterator

import pytest

from .house import House, home_of


@pytest.fixture(scope="module")
def home() -> Iterator[House]:
    """Give a running annul whose administrator has chosen a password by the browser."""
    with home_of() as opened:
        yield opened
