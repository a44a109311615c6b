"""The courses as they are written: for every role, in both languages, with checks there are."""

import string
from collections.abc import Iterator

import pytest

from annul.desk.roles import ROLES
from annul.domain.courses import Course
from annul.domain.text import Text
from annul.operate.training.checks import CHECKS
from annul.operate.training.required import NAMES
from annul.operate.training.written import CourseNotReadable, courses, parse

_COURSE = """
name = "tea"
version = 1
audience = "cashier"
valid_days = 365
title = {zh = "茶", en = "Tea"}
about = {zh = "茶", en = "Tea"}
[[lessons]]
id = "one"
title = {zh = "一", en = "One"}
text = {zh = "文", en = "Text"}
"""
_TASK = """
[[lessons.tasks]]
id = "sell"
check = "sold"
minutes = 2
title = {zh = "卖", en = "Sell"}
do = {zh = "卖", en = "Sell"}
hint = {zh = "卖", en = "Sell"}
"""
_ENTER = 'enter = {zh = "号", en = "Number"}\n'
_ASKED = """
[[lessons.questions]]
id = "ask"
ask = {zh = "问", en = "Ask"}
choices = [
  {says = {zh = "是", en = "Yes"}, why = {zh = "对", en = "Right"}, right = true},
  {says = {zh = "否", en = "No"}, why = {zh = "错", en = "Wrong"}},
]
"""


def test_there_is_a_course_for_every_role_that_acts() -> None:
    audiences = [course.audience for course in courses().values()]
    assert sorted(audiences) == sorted(ROLES.keys() - {"auditor"})
    assert tuple(courses()) == NAMES


@pytest.mark.parametrize("course", courses().values(), ids=str)
def test_a_course_proves_by_what_is_done(course: Course) -> None:
    assert len(course.tasks) > len(course.questions) > 0
    assert {task.check for task in course.tasks.values()} <= CHECKS.keys()
    assert all(task.place for task in course.tasks.values())


def test_every_check_is_used() -> None:
    used = {task.check for course in courses().values() for task in course.tasks.values()}
    assert used == CHECKS.keys()


def _texts() -> Iterator[Text]:
    for course in courses().values():
        yield from (course.title, course.about)
        for lesson in course.lessons:
            yield from (lesson.title, lesson.text)
            for task in lesson.tasks:
                yield from (task.title, task.do, task.hint)
            for question in lesson.questions:
                yield question.ask
                yield from (text for one in question.choices for text in (one.says, one.why))
    yield from (check.proof for check in CHECKS.values())


def test_both_languages_say_something_of_their_own() -> None:
    for text in _texts():
        assert any("\u4e00" <= letter <= "\u9fff" for letter in text.zh), text
        assert not any("\u4e00" <= letter <= "\u9fff" for letter in text.en), text


def test_a_proof_names_the_same_in_both_languages() -> None:
    for check in CHECKS.values():
        named = [
            {part[1] for part in string.Formatter().parse(one)} - {None} for one in check.proof
        ]
        assert named[0] == named[1], check


def test_a_course_can_be_read() -> None:
    course = parse(_COURSE + _TASK + _ASKED)
    assert course.parts == ("sell", "ask")
    assert course.tasks["sell"].enter == ("", "")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name = ", "Invalid value"),
        (_COURSE + _ASKED, "a course needs a task"),
        (_COURSE + _TASK + _TASK, "sell: this id stands twice"),
        (_COURSE + _TASK.replace("sold", "gone"), "there is no check gone"),
        (_COURSE + _TASK + _ENTER, "enter goes with checks"),
        (_COURSE + _TASK.replace("sold", "slip_read"), "enter goes with checks"),
        (_COURSE + _TASK + _ASKED.replace(", right = true", ""), "ask: one answer is right"),
        (_COURSE + _TASK.replace('zh = "卖", ', ""), "zh: Field required"),
        (_COURSE.replace("version = 1", "version = 0") + _TASK, "version"),
        (_COURSE + _TASK + "about = 1\n", "about: Extra inputs"),
    ],
)
def test_what_is_wrong_is_said(text: str, said: str) -> None:
    with pytest.raises(CourseNotReadable, match=said):
        parse(text)
