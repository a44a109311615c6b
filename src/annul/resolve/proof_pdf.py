"""The printable proof: Chinese and English side by side, on as many pages as it takes."""

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from annul.diagnose.causes import CAUSES
from annul.domain.money import show

from . import words
from .ends import ended
from .requests import COMPLETED

_FONT: Final = "STSong-Light"  # a font that PDF readers bring along
_INK: Final = colors.HexColor("#1d2733")
_LINE: Final = colors.HexColor("#c9d1da")
_HEAD: Final = colors.HexColor("#eef2f6")
_TITLE: Final = ParagraphStyle("title", fontName=_FONT, fontSize=17, leading=22, textColor=_INK)
_PART: Final = ParagraphStyle(
    "part",
    fontName=_FONT,
    fontSize=11,
    leading=15,
    textColor=_INK,
    spaceBefore=9,
    spaceAfter=3,
    keepWithNext=True,
)
_TEXT: Final = ParagraphStyle(
    "text", fontName=_FONT, fontSize=8.5, leading=12, textColor=_INK, wordWrap="CJK"
)
_SMALL: Final = ParagraphStyle("small", parent=_TEXT, fontSize=7, leading=9)
_WIDTH: Final = A4[0] - 36 * mm


def render(proof: dict[str, Any]) -> bytes:
    """Give the PDF of a proof."""
    pdfmetrics.registerFont(UnicodeCIDFont(_FONT))
    buffer = io.BytesIO()
    case = proof["case"]
    document = SimpleDocTemplate(
        buffer,
        pagesize=A4,
        leftMargin=18 * mm,
        rightMargin=18 * mm,
        topMargin=16 * mm,
        bottomMargin=16 * mm,
        title=f"annul {case['number']}",
        author="annul",
        invariant=True,
    )
    document.build(list(_story(proof)), onFirstPage=_foot(proof), onLaterPages=_foot(proof))
    return buffer.getvalue()


def _story(proof: dict[str, Any]) -> Iterable[Flowable]:
    case = proof["case"]
    asked = words.asked(case["kind"])
    title = f"{asked.zh}处理证明 Proof of a {asked.en}　{case['number']}"
    yield Paragraph(title, _TITLE)
    yield Spacer(1, 3 * mm)
    yield _grid(list(_summary(proof)), (0.28, 0.72))
    yield from _diagnosis(proof)
    for part in _PARTS:
        yield Paragraph(part.title, _PART)
        rows = [part.cells(row) for row in proof[part.of]]
        yield _grid([part.head, *rows] if part.head else rows, part.shares, head=bool(part.head))
    yield Spacer(1, 3 * mm)
    broken = proof["chain"]["broken_at"]
    whole = "完整 whole" if broken is None else f"第{broken}条被改动 changed at line {broken}"
    yield Paragraph(f"事件链 chain: {whole}　SHA-256 {proof['chain']['head']}", _SMALL)


Row = Mapping[str, Any]


class _Part(NamedTuple):
    """A table of the proof: a row for each thing of one kind, and the shares of its columns."""

    title: str
    of: str
    cells: Callable[[Row], Sequence[str]]
    shares: Sequence[float]
    head: Sequence[str] = ()


def _event(row: Row) -> Sequence[str]:
    return (row["at"][:19], row["who"], row["what"], _both(row["why"]))


def _transaction(row: Row) -> Sequence[str]:
    amount, code = show(row["amount"], row["currency"]), row["response_code"] or row["why"]
    return (row["received_at"][:19], row["kind"], row["state"], row["rrn"], amount, code)


def _entry(row: Row) -> Sequence[str]:
    amount = show(row["amount"], row["currency"])
    return (row["business_date"], row["debit"], row["credit"], amount, row["cause"])


def _message(row: Row) -> Sequence[str]:
    fields = " ".join(f"{number}={value}" for number, value in row["fields"].items())
    return (row["at"][:19], row["direction"], row["mti"], fields)


def _told(row: Row) -> Sequence[str]:
    return (row["created_at"][:19], row["whom"], row["said"])


_PARTS: Final = (
    _Part("经过 What happened (UTC)", "timeline", _event, (0.19, 0.11, 0.16, 0.54)),
    _Part(
        "交易 Transactions",
        "transactions",
        _transaction,
        (0.23, 0.16, 0.15, 0.2, 0.14, 0.12),
        ("时间 time", "类型 kind", "状态 state", "参考号 RRN", "金额 amount", "应答 code"),
    ),
    _Part(
        "账务 Ledger",
        "ledger",
        _entry,
        (0.16, 0.26, 0.26, 0.16, 0.16),
        ("日期 date", "借 debit", "贷 credit", "金额 amount", "事由 cause"),
    ),
    _Part("报文（已脱敏） Messages (masked)", "messages", _message, (0.17, 0.13, 0.07, 0.63)),
    _Part("告知 What was said to whom", "told", _told, (0.19, 0.23, 0.58)),
)


def _summary(proof: dict[str, Any]) -> Iterable[tuple[str, str]]:
    case = proof["case"]
    how = ended(case["ended"], case["kind"], case["step"])
    yield "结果 End", Rich(f"<b>{how.zh} {how.en.capitalize()}</b>")
    last = proof["timeline"][-1]["why"] if proof["timeline"] else {"zh": "", "en": ""}
    yield "说明 Explanation", _both(last)
    yield "金额 Amount", f"{show(case['amount'], case['currency'])} ({case['currency']})"
    yield "卡号 Card", case["card_masked"]
    yield "商户/终端 Merchant, terminal", f"{case['merchant_id']} / {case['terminal_id']}"
    yield "发卡行 Issuer", case["issuer_id"] or "-"
    yield "立案/结案 Opened, ended", f"{case['opened_at'][:19]} / {(case['ended_at'] or '-')[:19]}"


def _diagnosis(proof: dict[str, Any]) -> Iterable[Flowable]:
    diagnosis = proof["diagnosis"]
    if diagnosis is None:
        return
    yield Paragraph("原因 Cause", _PART)
    rows: list[tuple[str, str]] = []
    for found in diagnosis["causes"][:3]:
        lines = [f"<b>{found['title']['zh']} {found['title']['en']}</b>"]
        lines += [
            escape(f"{'+' if one['weight'] > 0 else '-'} {one['text']['zh']} {one['text']['en']}")
            for one in found["evidence"][:6]
        ]
        rows.append((f"{found['probability']:.0%}", Rich("<br/>".join(lines))))
    best, kind = CAUSES[diagnosis["causes"][0]["cause"]], proof["case"]["kind"]
    if proof["case"]["ended"] in {"", "refused"} and proof["case"]["step"] != COMPLETED:
        rows.append(("资金 Money", _both(words.money(best, kind)._asdict())))
        rows.append(("下一步 Next", _both(words.next_step(best, kind)._asdict())))
    yield _grid(rows, (0.16, 0.84))


def _grid(
    rows: Sequence[Sequence[str]], shares: Sequence[float], *, head: bool = False
) -> Flowable:
    if len(rows) <= head:
        return Paragraph("无 none", _TEXT)
    table = Table(
        [[Paragraph(_marked(cell), _TEXT) for cell in row] for row in rows],
        colWidths=[_WIDTH * share for share in shares],
        repeatRows=int(head),
    )
    style = [
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 3),
        ("RIGHTPADDING", (0, 0), (-1, -1), 3),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
    ]
    if head:
        style.append(("BACKGROUND", (0, 0), (-1, 0), _HEAD))
    table.setStyle(TableStyle(style))
    return table


def _foot(proof: dict[str, Any]) -> Any:
    def draw(canvas: Any, document: Any) -> None:
        canvas.setFont(_FONT, 7)
        canvas.setFillColor(colors.grey)
        text = f"annul　{proof['case']['number']}　{proof['made_at'][:19]} UTC"
        canvas.drawString(18 * mm, 9 * mm, text)
        canvas.drawRightString(A4[0] - 18 * mm, 9 * mm, str(document.page))

    return draw


class Rich(str):
    """Text with marks of its own; any other is shown as it is."""

    __slots__ = ()


def _marked(cell: str) -> str:
    return cell if isinstance(cell, Rich) else escape(str(cell))


def _both(text: dict[str, str]) -> Rich:
    return Rich(f"{escape(text['zh'])}<br/>{escape(text['en'])}")
