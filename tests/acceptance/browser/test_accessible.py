"""axe-core over every page: at a desk in English and light, on a phone in Chinese and dark."""

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Final

import pytest
from selenium.webdriver.common.keys import Keys

from annul.console.build import pages
from annul.console.till.issuer_panel import Maintenance
from annul.console.till.tills import Tills

from . import story
from .house import House, Person, person

# A licence of its own (MPL 2.0) lets it be used, not copied: the package brings it.
_AXE: Final = (files("selenium_axe_python") / "axe-core" / "axe.min.js").read_text("utf-8")
_RUN: Final = """
const [within, done] = arguments;
axe.run(within, {resultTypes: ["violations"], preload: false}).then((found) => done(found.violations
  .filter((one) => ["serious", "critical"].includes(one.impact) || one.id.startsWith("landmark"))
  .flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.target} ${node.html}`))));
"""
# What one points at on a phone: own lines of 24 px at least, what acts first 44.
_SMALL: Final = """
const found = [];
for (const one of document.querySelectorAll(
    "main :is(a, button, select, summary, input:not([type=hidden])), main [role=button]")) {
  if (!one.checkVisibility({visibilityProperty: true}) || one.closest(".unseen")) continue;
  const whole = one.closest(one.matches(".row-link") ? "tr" : "label") || one;
  const box = whole.getBoundingClientRect();
  const least = one.matches(".button, .q-btn, .pos-device button") ? 44 : 24;
  if (box.width && box.height + 0.5 < least)
    found.push(`${Math.round(box.height)} px: ${one.outerHTML.slice(0, 120)}`);
}
return found;
"""
_MORE: Final = ("/nowhere", "/cases/000000000000", "/password")


@pytest.fixture(scope="module")
def told(home: House) -> story.Story:
    """Give a house in which something has happened."""
    return story.tell(home)


def _paths(told: story.Story) -> Iterator[str]:
    """Give the address of every page, with something real for each parameter."""
    for page in pages(Tills(), Maintenance()):
        yield page.path.format(**told.places)
    yield f"/shop?code={told.voucher}"
    yield from (f"/admin?part={part}" for part in ("keys", "roles", "lessons", "settings"))
    yield from _MORE


def _wrong(who: Person, within: str = "html") -> list[str]:
    """Give what axe finds, and on a phone what is too small to point at."""
    who.driver.execute_script(_AXE)
    found = list(who.driver.execute_async_script(_RUN, within))
    shown, wide = who.driver.execute_script(
        "const page = document.documentElement; return [page.clientWidth, page.scrollWidth]"
    )
    if shown < 500:
        found += who.driver.execute_script(_SMALL)
    return [*found, *([f"{wide} px wide"] if wide > shown else [])]


@pytest.mark.parametrize(
    ("language", "theme", "width"), [("en", "light", 1360), ("zh-CN,zh", "dark", 390)]
)
def test_nothing_serious_on_any_page(
    home: House, told: story.Story, language: str, theme: str, width: int
) -> None:
    wrong: dict[str, list[str]] = {}
    with person(home, language=language, width=width) as who:
        _prefer(who, theme)
        for path in ("/login", "/reset?code=none"):
            who.open(path)
            wrong[path] = _wrong(who)
        who.sign_in("admin")
        for path in _paths(told):
            who.open(path)
            who.find("main h1, main h2")
            wrong[path] = _wrong(who)
        who.open(f"/cases/{told.waiting}")
        who.until(lambda: who.driver.execute_script("return window.did_handshake"), "its line")
        wrong["palette"] = _opened(who, Keys.CONTROL + "k", "#palette")
        wrong["keys"] = _opened(who, "?", "#shortcuts")
        wrong["dialog"] = _opened(who, "n", ".q-dialog")
    found = {path: faults for path, faults in wrong.items() if faults}
    assert not found, json.dumps(found, indent=1, ensure_ascii=False)


def _opened(who: Person, keys: str, shown: str) -> list[str]:
    """Open something by its key; what it stands before is not looked at again."""
    who.keys(keys)
    who.find(f"{shown} :is(input, textarea, h2)")
    moving = f"return document.querySelector('{shown}').getAnimations({{subtree: true}}).length"
    who.until(lambda: not who.driver.execute_script(moving), f"{shown} stands still")
    # axe takes what lies behind a dialog for what is between its text and its ground.
    who.driver.execute_script("document.querySelector('.q-dialog__backdrop')?.remove()")
    found = _wrong(who, shown)
    who.keys(Keys.ESCAPE)
    who.until(lambda: not who.find_all(shown), f"{shown} closed")
    return found


def _prefer(who: Person, theme: str) -> None:
    """Let the browser say what its system prefers: pages follow it until somebody chooses."""
    feature = {"name": "prefers-color-scheme", "value": theme}
    still = {"name": "prefers-reduced-motion", "value": "reduce"}
    who.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature, still]})
