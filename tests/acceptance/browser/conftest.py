from collections.abc import Iterator

import pytest

from .house import PASSWORD, House, house, person


@pytest.fixture(scope="module")
def home() -> Iterator[House]:
    """Give a running annul whose administrator has chosen a password by the browser."""
    with house() as opened:
        with person(opened) as admin:
            admin.sign_in("admin", opened.one_time)
            admin.reads("Set your own password")
            admin.fill("input[name=password]", PASSWORD)
            admin.press("button[type=submit]")
            admin.reads("Void outcomes")
        yield opened
