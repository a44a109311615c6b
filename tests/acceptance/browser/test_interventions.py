"""Interventions in a browser: proposed by one person, where it takes two confirmed by another."""

import pytest

from .house import House, Person, person

_WIDE = "return document.documentElement.scrollWidth - window.innerWidth"
_WORDS = {
    "en": ("waits for a second person", "in force", "Nothing is in force.", "Do it"),
    "zh": ("等待第二人复核", "有效", "目前没有应急措施。", "执行"),
}


def _act(who: Person, event: str, reason: str, go: str) -> None:
    who.press(f"button[onclick*='{event}']")
    who.fill(".q-dialog textarea", reason)
    who.press_text(go)


@pytest.mark.parametrize(("language", "width"), [("en", 1360), ("zh", 390)])
def test_one_proposes_and_another_confirms(home: House, language: str, width: int) -> None:
    waits, in_force, nothing, go = _WORDS[language]
    ivy, ian = f"ivy{language}", f"ian{language}"
    for name in (ivy, ian):
        home.add(name, "operator")
    with (
        person(home, language=language, width=width) as first,
        person(home, language=language, width=width) as second,
    ):
        first.sign_in(ivy)
        first.open("/interventions")
        first.reads(nothing)
        assert first.driver.execute_script(_WIDE) <= 0
        first.press("button[onclick*='refunds_instead']")
        first.press(".q-dialog .q-select")
        first.press(".q-menu .q-item:nth-child(1)")
        first.fill(".q-dialog input[type=text]:not([role=combobox])", "500.00")
        first.fill(".q-dialog textarea", "no voids today")
        first.press_text(go)
        first.reads(waits)
        assert first.find_all("button[onclick*='confirm-intervention']") == []
        second.sign_in(ian)
        second.open("/interventions")
        second.reads("500.00")
        _act(second, "confirm-intervention", "seen as well", go)
        second.reads(f"{ivy}", "table")
        second.until(lambda: waits not in second.text("main"), "it is confirmed")
        second.reads(in_force, "table")
        assert second.driver.execute_script(_WIDE) <= 0
        _act(second, "end-intervention", "it works again", go)
        second.reads(nothing)
        assert first.complaints() == []
        assert second.complaints() == []
