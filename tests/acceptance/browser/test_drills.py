"""Drills in the console: the mark on every page of a sandbox, runs side by side, one run told."""

import asyncio
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import uuid4

import pytest

from annul.domain.drills import Deed, Did
from annul.operate.drills.evidence import Span, deeds
from annul.operate.drills.keeping import keep
from annul.store.database import connect
from annul.store.embedded import EmbeddedPostgres
from tests.support.drilled import ALONE, RUN
from tests.support.rows import put

from .house import House, Person, home_of, person

_DRILL: Final = "holiday-evening"
_INCIDENT: Final = "E261128-402913"
_COLOURS: Final = """
const style = getComputedStyle(document.querySelector(".drill"));
return [style.color, style.backgroundColor];
"""
_LEAST: Final = 4.5  # WCAG 2.2, 1.4.3: text that is neither large nor bold


@pytest.fixture(scope="module")
def home() -> Iterator[House]:
    """Give the console of a sandbox, in which a drill was run before."""
    with home_of(ANNUL_DRILL=_DRILL) as opened:
        asyncio.run(_kept(opened))
        yield opened


async def _kept(home: House) -> None:
    pool = await connect(EmbeddedPostgres(home.folder).url)
    await keep(pool, RUN, ALONE)
    now = datetime.now(UTC)
    head = {"id": uuid4(), "number": _INCIDENT, "scope": "issuer", "member": "00000202"}
    await put(
        pool,
        "incident_heads",
        head | {"severity": "warning"} | {"opened_at": now, "joined_at": now},
    )
    await pool.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_is_marked_as_a_drill_in_words_and_colour(home: House, theme: str) -> None:
    for language, said in (("en", "nothing here is real"), ("zh-CN,zh", "这里的一切都不是真实的")):
        with person(home, language=language) as who:
            feature = {"name": "prefers-color-scheme", "value": theme}
            who.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
            who.sign_in("admin")
            for path in ("/", "/cases", "/drills", f"/drills/{RUN.number}"):
                who.open(path)
                mark = who.text(".drill")
                assert _DRILL in mark
                assert said in mark, mark
                assert _contrast(who) >= _LEAST, path


def _contrast(who: Person) -> float:
    """Give how much the mark's text stands out from its ground (WCAG 2.2)."""
    text, ground = map(_luminance, who.driver.execute_script(_COLOURS))
    return (max(text, ground) + 0.05) / (min(text, ground) + 0.05)


def _luminance(colour: str) -> float:
    """Give the relative luminance of a colour, which lets nothing through."""
    red, green, blue, *alpha = (float(one) for one in re.findall(r"[\d.]+", colour))
    assert alpha in ([], [1.0]), colour
    channels = [one / 255 for one in (red, green, blue)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_a_run_is_found_and_told_and_leads_to_the_playbook(home: House) -> None:
    with person(home, language="en") as who:
        who.sign_in("admin")
        who.open("/drills")
        assert "holiday-evening" in who.text("main")
        who.press(f"a[href='/drills/{RUN.number}']")
        who.until(lambda: "What happened" in who.text("main"), "the run")
        told = who.text(".timeline")
        assert "olga" in told
        assert "took the incident on" in told
        who.press("a[href='/playbooks/issuer_down#editor']")
        who.until(lambda: "Issuer" in who.text("h1"), "the playbook")
        assert "issuer_down" in (who.find("#editor textarea").get_attribute("value") or "")


@pytest.mark.parametrize("place", ["/drills", f"/incidents/{_INCIDENT}"])
def test_a_team_says_what_it_has_found_and_whom_it_told(home: House, place: str) -> None:
    about = "00000101" if place == "/drills" else "00000202"
    with person(home, language="en") as who:
        who.sign_in("admin")
        who.open(place)
        for button, choice in (("Name the cause", "system is down"), ("Somebody was told", "duty")):
            who.press_text(button)
            if place == "/drills":  # at an incident it is known
                who.fill(".q-dialog input[aria-label*='Number of the issuer']", about)
            who.press(".q-dialog .q-select")
            who.press_text_of(".q-menu .q-item", choice)
            who.press(".q-dialog .q-btn.primary")
            who.until(lambda: not who.find_all(".q-dialog"), "it is said")
    said = [one for one in asyncio.run(_said(home)) if one.subject == about]
    assert [(one.did, one.value) for one in said] == [
        (Did.NAMED, "issuer_down"),
        (Did.TOLD, "duty"),
    ]


async def _said(home: House) -> list[Deed]:
    now = datetime.now(UTC)
    pool = await connect(EmbeddedPostgres(home.folder).url)
    try:
        return await deeds(pool, Span(now - timedelta(hours=1), now))
    finally:
        await pool.close()
