"""Every page with every role: who may see it sees it, everybody else is told so."""

import re
from collections.abc import Iterator

import httpx
import pytest

from annul.console.build import pages
from annul.console.till.issuer_panel import Maintenance
from annul.console.till.tills import Tills
from annul.desk.roles import OF_A_SHOP, ROLES

from .house import PASSWORD, SHOP, House

_PAGES = pages(Tills(), Maintenance())
_NOWHERE = re.compile(r"{\w+}")


@pytest.fixture(scope="module", params=list(ROLES))
def visitor(request: pytest.FixtureRequest, home: House) -> Iterator[tuple[str, httpx.Client]]:
    """Give a signed-in client of each role."""
    role = str(request.param)
    home.add(f"walks-{role}", role, SHOP if role in OF_A_SHOP else "")
    with httpx.Client(base_url=home.address, timeout=30) as client:
        answer = client.post("/login", data={"name": f"walks-{role}", "password": PASSWORD})
        assert answer.status_code == 303
        yield role, client


def test_a_page_is_for_those_of_its_scope(visitor: tuple[str, httpx.Client]) -> None:
    role, client = visitor
    assert len(_PAGES) >= 8
    for page in _PAGES:
        path = page.path
        answer = client.get(_NOWHERE.sub("000000000000", path))
        allowed = page.scope is None or page.scope in ROLES[role]
        allowed = allowed and (page.of_shops or role not in OF_A_SHOP)
        if path == "/" and not allowed:
            assert answer.status_code == 303, path
            continue
        found = 200 if "{" not in path else 404  # what it asks for is not there
        assert answer.status_code == (found if allowed else 403), (role, path)


def test_nobody_sees_anything_without_signing_in(home: House) -> None:
    with httpx.Client(base_url=home.address, timeout=30) as stranger:
        for page in _PAGES:
            answer = stranger.get(_NOWHERE.sub("000000000000", page.path))
            assert answer.status_code == 303
            assert answer.headers["location"].startswith("/login?next=")
        assert stranger.get("/api/v1/cases").status_code == 401
        assert stranger.get("/health").status_code == 200


def test_what_a_page_may_load_is_said(visitor: tuple[str, httpx.Client]) -> None:
    _, client = visitor
    headers = client.get("/shop").headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    cookie = next(one for one in client.cookies.jar if one.name == "annul_session")
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert cookie.get_nonstandard_attr("SameSite") in {"strict", "Strict"}


def test_a_change_needs_the_token_of_its_page(visitor: tuple[str, httpx.Client]) -> None:
    _, client = visitor
    answer = client.post("/api/v1/cases/000000000000/acts", json={"action": "note", "reason": "x"})
    assert (answer.status_code, answer.json()["code"]) == (403, "access.csrf")
