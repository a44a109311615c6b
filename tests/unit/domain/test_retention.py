"""The table of what is kept how long, and the pages that say it."""

from pathlib import Path

import pytest

from annul.domain.retention import KEPT, RETENTION, Retained, kept_days

_DOCS = Path(__file__).parents[3] / "docs"


def test_each_subject_stands_once_and_says_why() -> None:
    assert len({one.subject for one in RETENTION}) == len(RETENTION)
    for one in RETENTION:
        assert 0 <= one.least <= one.days
        assert all((*one.title, *one.reason))
    assert all(all(reason) for reason in KEPT.values())


@pytest.mark.parametrize("one", RETENTION, ids=lambda one: one.subject)
@pytest.mark.parametrize(
    ("page", "language"), [("operating.md", "en"), ("operating.zh-CN.md", "zh")]
)
def test_the_guides_say_what_the_table_says(one: Retained, page: str, language: str) -> None:
    title, reason = one.title.speak(language), one.reason.speak(language)
    row = f"| {title} | `{one.subject}` | {one.days} | {one.least} | {reason} |"
    assert row in (_DOCS / page).read_text(encoding="utf-8").splitlines()


def test_days_are_those_of_the_table_or_those_that_were_chosen() -> None:
    assert kept_days({}) == {one.subject: one.days for one in RETENTION}
    assert kept_days({"audit": 365})["audit"] == 365
    for chosen, said in (({"audit": 364}, "at least"), ({"x": 1}, "x is none of audit, ")):
        with pytest.raises(ValueError, match=said):
            kept_days(chosen)
