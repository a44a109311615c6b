"""A report as files and as a mail, in both languages."""

import io
import zipfile
from zoneinfo import ZoneInfo

import pytest

from annul.operate.reports.letter import letter
from annul.operate.reports.pdf import pdf
from annul.operate.reports.sections import sections
from annul.operate.reports.workbook import workbook
from tests.support.pdf import lines_of

from .sample import sample

_ZONE = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("language", "title", "bank", "change"),
    [
        ("zh", "撤销周报", "示例银行", "建议修改"),
        ("en", "Weekly report on voids", "Demo Bank", "What to change"),
    ],
)
def test_it_is_printed(language: str, title: str, bank: str, change: str) -> None:
    content = pdf(sample(), language, _ZONE)
    assert content == pdf(sample(), language, _ZONE)
    text = "".join(lines_of(content))
    for said in (title, bank, change, "8.71"):
        assert said.replace(" ", "") in text.replace(" ", "")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_it_is_a_workbook_with_numbers(language: str) -> None:
    content = workbook(sample(), language)
    assert content == workbook(sample(), language)
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        sheets = [name for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
        words = book.read("xl/sharedStrings.xml").decode()
        figures = book.read("xl/worksheets/sheet2.xml").decode()
    assert len(sheets) == 1 + len(sections(sample()))
    assert ("示例银行" if language == "zh" else "Demo Bank") in words
    assert "<v>0.0871" in figures


@pytest.mark.parametrize(("language", "subject"), [("zh", "周报"), ("en", "Weekly report")])
def test_it_is_a_mail_that_says_the_most_important(language: str, subject: str) -> None:
    made = letter(sample(), language, _ZONE, "https://annul.example/reports/2026-W48")
    assert subject in made.subject
    assert "\n" not in made.subject
    assert made.text.endswith("https://annul.example/reports/2026-W48\n")
    assert [one.name for one in made.attachments] == [
        "annul-report-2026-W48.pdf",
        "annul-report-2026-W48.xlsx",
    ]
    assert made.attachments[0].content.startswith(b"%PDF")
    assert made.attachments[1].content.startswith(b"PK")
    assert "https" not in letter(sample(), language, _ZONE).text
