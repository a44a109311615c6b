"""A certificate to be printed (PDF): one page in both languages."""

import io
from collections.abc import Iterable
from datetime import datetime, tzinfo
from typing import Final

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer

from annul.domain.courses import Certificate, Course
from annul.domain.text import Text
from annul.resolve import proof_page as page

_GAP: Final = 5 * mm
_TITLE: Final = Text("培训证书", "Certificate of training")


def printed(held: Certificate, course: Course, zone: tzinfo, address: str = "") -> bytes:
    """Give the file; the same certificate is the same file.

    `address` is where the number can be looked up; empty: it is looked up at Training.
    """
    page.registered()
    buffer = io.BytesIO()
    document = SimpleDocTemplate(
        buffer,
        pagesize=A4,
        leftMargin=page.MARGIN,
        rightMargin=page.MARGIN,
        topMargin=30 * mm,
        bottomMargin=17 * mm,
        title=f"annul {held.number}",
        author="annul",
        invariant=True,
    )
    story = list(_story(held, course, zone, address))
    document.build(story, canvasmaker=page.numbered(f"annul　{held.number}"))
    return buffer.getvalue()


def _story(held: Certificate, course: Course, zone: tzinfo, address: str) -> Iterable[Flowable]:
    yield Paragraph(page.both(_TITLE, lines=False), page.TITLE)
    yield Spacer(1, _GAP)
    passed = Text("已完成课程", "has finished the course")
    lines = (page.code(held.person), page.both(passed, lines=False), page.both(course.title))
    yield page.band([Paragraph(line, page.OUTCOME) for line in lines], "voided")
    yield Spacer(1, _GAP)
    yield Paragraph(page.both(course.about), page.TEXT)
    yield Spacer(1, _GAP)
    rows = (
        (Text("编号", "number"), held.number),
        (Text("版本", "version"), str(held.version)),
        (Text("完成日期", "finished on"), _day(held.at, zone)),
        (Text("有效期至", "valid until"), _day(held.valid_until, zone)),
        (Text("查验", "look it up"), address or f"/training/certificates/{held.number}"),
    )
    yield page.grid([(page.both(name), page.code(said)) for name, said in rows], (0.24, 0.76))
    yield page.heading(Text("所做的练习", "What was done"))
    done = [
        (page.both(lesson.title), page.both(task.title))
        for lesson in course.lessons
        for task in lesson.tasks
    ]
    yield page.grid(done, (0.4, 0.6))


def _day(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d}"
