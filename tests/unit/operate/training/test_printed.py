"""A certificate as it is printed."""

from datetime import UTC, datetime, timedelta

from annul.domain.courses import Certificate
from annul.operate.training.printed import printed
from annul.operate.training.written import courses
from tests.support.pdf import lines_of

_AT = datetime(2026, 11, 27, 20, 0, tzinfo=UTC)
_COURSE = courses()["cashier"]
_HELD = Certificate("T7K3F9Q2MWA", "mei", "cashier", 1, _AT, _AT + timedelta(days=365))


def test_it_says_who_has_done_what_and_until_when_in_both_languages() -> None:
    said = "".join(lines_of(printed(_HELD, _COURSE, UTC)))
    for wanted in ("mei", "T7K3F9Q2MWA", "Cashier", "收银员", "2026-11-27", "2027-11-27"):
        assert wanted in said
    for task in _COURSE.tasks.values():
        assert task.title.zh in said
    assert "/training/certificates/T7K3F9Q2MWA" in said


def test_the_same_certificate_is_the_same_file() -> None:
    assert printed(_HELD, _COURSE, UTC) == printed(_HELD, _COURSE, UTC)
