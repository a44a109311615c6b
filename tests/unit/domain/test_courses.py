"""How far somebody has come with a course, and what a certificate is good for."""

from datetime import UTC, datetime, timedelta

from annul.domain.courses import (
    ANEW,
    Certificate,
    Choice,
    Course,
    Lesson,
    Part,
    Question,
    Task,
    missing,
    progress,
)
from annul.domain.text import Text

_T = Text("一", "one")
_NOW = datetime(2026, 11, 27, tzinfo=UTC)
_HOUR = timedelta(hours=1)
_TASKS = tuple(Task(name, _T, _T, "sold", 2, _T) for name in ("sell", "void"))
_ASKED = Question("twice", _T, (Choice(_T, _T, right=True), Choice(_T, _T)))
_COURSE = Course("cashier", 2, "cashier", _T, _T, 365, (Lesson("one", _T, _T, _TASKS, (_ASKED,)),))


def _done(at: datetime) -> list[Part]:
    return [Part(name, at, at + _HOUR, {}) for name in _COURSE.parts]


def _certificate(at: datetime, days: int = 365, version: int = 2) -> Certificate:
    return Certificate("T1", "mei", "cashier", version, at, at + timedelta(days=days))


def test_parts_are_tasks_and_questions_in_order() -> None:
    assert _COURSE.parts == ("sell", "void", "twice")
    assert _COURSE.minutes == 4


def test_nothing_is_done_at_first_and_all_of_it_completes_a_course() -> None:
    far = progress(_COURSE, (), (), _NOW)
    assert (far.open, far.done, far.of, far.complete) == (True, 0, 3, False)
    begun = [Part("sell", _NOW)]
    assert progress(_COURSE, begun, (), _NOW).done == 0
    assert not progress(_COURSE, _done(_NOW)[:2], (), _NOW).complete
    assert progress(_COURSE, _done(_NOW), (), _NOW).complete


def test_what_a_course_does_not_have_any_more_does_not_count() -> None:
    far = progress(_COURSE, [*_done(_NOW)[:2], Part("gone", _NOW, _NOW)], (), _NOW)
    assert (far.done, far.complete) == (2, False)


def test_with_a_certificate_there_is_nothing_to_do_and_it_is_given_once() -> None:
    held = _certificate(_NOW + 2 * _HOUR)
    far = progress(_COURSE, _done(_NOW), [held], _NOW + 3 * _HOUR)
    assert (far.open, far.complete, far.done, far.certificate) == (False, False, 3, held)


def test_shortly_before_it_ends_it_can_be_earned_anew_by_what_is_done_since() -> None:
    held = _certificate(_NOW + 2 * _HOUR)
    soon = held.valid_until - ANEW
    assert not progress(_COURSE, _done(_NOW), [held], soon - _HOUR).open
    anew = progress(_COURSE, _done(_NOW), [held], soon)
    assert (anew.open, anew.done, anew.parts) == (True, 0, {})
    assert progress(_COURSE, _done(soon), [held], soon + 2 * _HOUR).complete


def test_what_was_begun_before_the_certificate_does_not_count_for_the_next() -> None:
    held = _certificate(_NOW, days=1)
    late = [Part(name, _NOW - _HOUR, _NOW + _HOUR) for name in _COURSE.parts]
    assert progress(_COURSE, late, [held], _NOW + 2 * _HOUR).done == 0


def test_another_version_is_done_from_the_start() -> None:
    old = _certificate(_NOW, version=1)
    far = progress(_COURSE, (), [old], _NOW + _HOUR)
    assert (far.open, far.done, far.certificate) == (True, 0, old)


def test_the_last_certificate_counts() -> None:
    first, second = _certificate(_NOW - timedelta(days=400)), _certificate(_NOW)
    for held in ([first, second], [second, first]):
        assert progress(_COURSE, (), held, _NOW).certificate == second


def test_what_is_missing_is_named_by_what_is_valid_now() -> None:
    held = [_certificate(_NOW, days=30, version=1)]
    assert missing(("cashier",), held, _NOW) == []
    assert missing(("cashier",), held, _NOW - _HOUR) == ["cashier"]
    assert missing(("cashier",), held, _NOW + timedelta(days=30)) == ["cashier"]
    assert missing(("support", "cashier", "owner"), held, _NOW) == ["owner", "support"]
