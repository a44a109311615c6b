"""The printable proof, fit to be sent to a bank: the outcome, where the money is, the evidence.

Chinese and English together, in the acquirer's local time. What people wrote for each other, and
their names, only when asked for.
"""

import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, Final, NamedTuple

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer

from annul.diagnose.causes import CAUSES
from annul.domain.kinds import KINDS
from annul.domain.money import told
from annul.domain.response_codes import describe
from annul.domain.terminal_notes import read
from annul.domain.text import Text

from . import proof_page as page
from . import words
from .ends import ended
from .proof_words import ACCOUNTS, NOTES, POSTINGS, PROVES, SIDES, STATES, spoken, who
from .requests import COMPLETED
from .tries import folded

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Print:
    """How a proof is printed: in which zone, whom to call, and whether notes and names are in."""

    zone: tzinfo = UTC
    phone: str = ""
    notes: bool = False

    def when(self, at: str | None) -> str:
        """Give a moment as the acquirer's clocks show it."""
        if not at:
            return "–"
        return f"{datetime.fromisoformat(at).astimezone(self.zone):%Y-%m-%d %H:%M:%S}"


def render(proof: dict[str, Any], how: Print | None = None) -> bytes:
    """Give the PDF of a proof."""
    how = how or Print()
    page.registered()
    buffer, number = io.BytesIO(), proof["case"]["number"]
    document = SimpleDocTemplate(
        buffer,
        pagesize=A4,
        leftMargin=page.MARGIN,
        rightMargin=page.MARGIN,
        topMargin=15 * mm,
        bottomMargin=17 * mm,
        title=f"annul {number}",
        author="annul",
        invariant=True,
    )
    foot = f"annul　{number}　{how.when(proof['made_at'])} {_zone(proof, how)}"
    document.build(list(_story(proof, how)), canvasmaker=page.numbered(foot))
    return buffer.getvalue()


def _zone(proof: Row, how: Print) -> str:
    offset = datetime.fromisoformat(proof["made_at"]).astimezone(how.zone).strftime("%z")
    return f"UTC{offset[:3]}:{offset[3:]}"


# The story --------------------------------------------------------------------------------------


def _story(proof: dict[str, Any], how: Print) -> Iterable[Flowable]:
    case = proof["case"]
    asked = words.asked(case["kind"])
    title = Text(f"{asked.zh}处理证明", f"Proof of a {asked.en}")
    yield Paragraph(
        f"{page.both(title, lines=False)}&nbsp;&nbsp;{page.latin(case['number'])}", page.TITLE
    )
    yield Spacer(1, 2.5 * mm)
    yield page.band(list(_outcome(proof)), case["ended"])
    yield page.heading(Text("款项在哪里", "Where the money is"))
    yield page.grid([(page.both(Text(**proof["money"])),)], (1.0,))
    yield page.heading(Text("交易与案件", "The transaction and the case"))
    yield page.grid(list(_facts(proof, how)), (0.17, 0.33, 0.17, 0.33))
    yield from _cause(proof)
    for part in _PARTS:
        yield page.heading(part.title)
        told = folded(proof[part.of]) if part.of == "timeline" else proof[part.of]
        rows = [cells for row in told if (cells := part.cells(row, how))]
        yield page.grid(
            [[page.both(one) for one in part.head], *rows], part.shares, head=True, fine=part.fine
        )
    yield page.heading(Text("真实性", "Integrity"))
    yield page.grid(list(_integrity(proof)), (0.24, 0.76), fine=True)


def _outcome(proof: Row) -> Iterable[Paragraph]:
    case = proof["case"]
    how, amount = ended(case["ended"], case["kind"], case["step"]), _amount(case)
    english = f"{how.en[:1].upper()}{how.en[1:]}"
    yield Paragraph(
        f"{how.zh}&nbsp; {page.latin(english)} &nbsp; {page.latin(amount)}", page.OUTCOME
    )
    why = _explained(proof)
    if why is not None:
        yield Paragraph(page.both(why), page.TEXT)


def _explained(proof: Row) -> Text | None:
    """Give the reason of the outcome, or how it stands: never what somebody noted."""
    ends = bool(proof["case"]["ended"])
    said = [
        event["why"]
        for event in proof["timeline"]
        if event["what"] not in NOTES and (not ends or event["what"].startswith("ended_"))
    ]
    return Text(**said[-1]) if said else None


def _amount(row: Row) -> str:
    return told(row["amount"], row["currency"]).en


def _named(proof: Row, what: str, key: str) -> object:
    """Give a merchant or issuer by its names and number."""
    name = proof.get("names", {}).get(what)
    if not key:
        return "–"
    return page.Rich(f"{page.both(Text(*name))}<br/>{page.latin(key)}") if name else page.code(key)


def _facts(proof: Row, how: Print) -> Iterable[Sequence[object]]:
    """Give what identifies it, two facts in a row."""
    case, rows = proof["case"], {one["id"]: one for one in proof["transactions"]}
    sale, request = rows.get(case["original_id"]), rows.get(case["id"])
    pairs: list[tuple[Text, object]] = [
        (Text("案件号", "case"), page.code(case["number"])),
        (Text("金额", "amount"), page.code(_amount(case))),
        (Text("商户", "merchant"), _named(proof, "merchant", case["merchant_id"])),
        (Text("发卡行", "issuer"), _named(proof, "issuer", case["issuer_id"])),
        (Text("终端", "terminal"), page.code(case["terminal_id"])),
        (Text("卡号", "card"), page.code(case["card_masked"])),
    ]
    for label, row in (
        (Text("原交易", "original"), sale),
        (Text("所请求的", "the request"), request),
    ):
        if row is not None:
            pairs += [
                (label, _identified(row)),
                (Text("时间", "time"), page.code(how.when(row["received_at"]))),
            ]
    pairs += [
        (Text("立案", "opened"), page.code(how.when(case["opened_at"]))),
        (Text("结案", "ended"), page.code(how.when(case["ended_at"]))),
        (Text("时区", "time zone"), page.code(f"{how.zone} ({_zone(proof, how)})")),
        (Text("客服电话", "help line"), page.code(how.phone or "–")),
    ]
    for left, right in zip(pairs[::2], pairs[1::2], strict=True):
        yield (page.both(left[0]), left[1], page.both(right[0]), right[1])


def _identified(row: Row) -> page.Rich:
    numbers = [
        ("凭证号 voucher", row["trace"]),
        ("参考号 reference", row["rrn"]),
        ("授权码 authorisation", row["auth_code"]),
        ("应答码 code", row["response_code"]),
    ]
    lines = [f"{label} {page.latin(value)}" for label, value in numbers if value]
    return page.Rich("<br/>".join([page.both(KINDS[row["kind"]].title), *lines]))


def _cause(proof: Row) -> Iterable[Flowable]:
    """Give the cause with its evidence, and the next step of what was refused."""
    diagnosis, case = proof["diagnosis"], proof["case"]
    if diagnosis is None or not diagnosis["causes"]:
        return
    yield page.heading(Text("原因与依据", "Cause and evidence"))
    found = diagnosis["causes"][0]
    rows: list[tuple[Text, object]] = [
        (Text("最可能的原因", "most probable cause"), page.both(Text(**found["title"]))),
        *(
            (
                Text("支持", "supports it") if one["weight"] > 0 else Text("反对", "against it"),
                page.both(Text(**one["text"])),
            )
            for one in found["evidence"][:6]
        ),
    ]
    if case["ended"] in {"", "refused"} and case["step"] != COMPLETED:
        following = words.next_step(CAUSES[found["cause"]], case["kind"])
        rows.append((Text("下一步", "next step"), page.both(following)))
    yield page.grid([(page.both(label), text) for label, text in rows], (0.24, 0.76))


def _integrity(proof: Row) -> Iterable[Sequence[object]]:
    broken = proof["chain"]["broken_at"]
    whole = Text("完整", "intact")
    changed = Text(f"第{broken}条被改动", f"changed at line {broken}")
    yield (page.both(Text("日志", "log")), page.both(whole if broken is None else changed))
    yield ("SHA-256", page.code(proof["chain"]["head"]))


# The tables -------------------------------------------------------------------------------------


class _Part(NamedTuple):
    """A table of the proof: a row for each thing of one kind, and the shares of its columns."""

    title: Text
    of: str
    cells: Callable[[Row, Print], Sequence[object]]
    shares: Sequence[float]
    head: Sequence[Text]
    fine: bool = False


def _event(row: Row, how: Print) -> Sequence[object]:
    if row["what"] in NOTES and not how.notes:
        return ()
    name = who(row["who"], names=how.notes)
    until = f"<br/>– {page.latin(how.when(row['until']))}" if "until" in row else ""
    at = page.Rich(f"{page.latin(how.when(row['at']))}{until}")
    return (at, page.both(name), page.both(Text(**row["why"])))


def _transaction(row: Row, how: Print) -> Sequence[object]:
    code = row["response_code"]
    meant = describe(code).title if code else Text("–", "–")
    return (
        page.code(how.when(row["received_at"])),
        page.both(KINDS[row["kind"]].title),
        page.both(spoken(STATES, row["state"])),
        page.Rich(f"{page.latin(row['trace'])}<br/>{page.latin(row['rrn'])}"),
        page.code(row["auth_code"] or "–"),
        page.code(_amount(row)),
        page.Rich(f"{page.latin(code)}<br/>{page.both(meant)}") if code else "–",
    )


def _entry(row: Row, how: Print) -> Sequence[object]:
    del how
    return (
        page.code(row["business_date"]),
        page.both(spoken(ACCOUNTS, row["debit"])),
        page.both(spoken(ACCOUNTS, row["credit"])),
        page.code(_amount(row)),
        page.both(spoken(POSTINGS, row["cause"])),
    )


def _message(row: Row, how: Print) -> Sequence[object]:
    fields = "  ".join(
        f"{number}={value}" for number, value in sorted(row["fields"].items(), key=_place)
    )
    side = page.both(spoken(SIDES, row["direction"]))
    return (page.code(how.when(row["at"])), side, page.code(row["mti"]), page.code(fields))


def _place(field: tuple[str, object]) -> tuple[int, str]:
    number = field[0]
    return (int(number), "") if number.isdigit() else (999, number)


def _proved(row: Row, how: Print) -> Sequence[object]:
    line = f"<br/>{page.latin(row['line'])}" if row["line"] else ""
    said = spoken(PROVES, row["proves"])
    if row["by_people"]:
        said = Text(f"{said.zh}（人工结论）", f"{said.en}, said by people")
    if row["discarded_at"]:
        said = Text(f"{said.zh}（文件已作废）", f"{said.en}; the file was discarded")
    return (
        page.code(how.when(row["found_at"])),
        page.Rich(f"{page.latin(row['file'])}{line}"),
        page.code(row["settles_on"]),
        page.both(said),
        page.code(row["digest"]),
    )


def _told(row: Row, how: Print) -> Sequence[object]:
    whom, _, number = row["whom"].partition(" ")
    name = Text("终端", "terminal") if whom == "terminal" else Text("商户", "merchant")
    heading = page.Rich(f"{page.both(name, lines=False)}<br/>{page.latin(number)}")
    return (page.code(how.when(row["created_at"])), heading, _said(row["said"]))


def _said(said: str) -> object:
    """Give what was said: of a notification to a program, its text."""
    try:
        return page.both(Text(**json.loads(said)["text"]))
    except (ValueError, KeyError, TypeError):
        noted = read(said, words.REASONS)
        colon = ": " if noted.why.en else ""
        text = Text(said, f"voucher {noted.voucher} {noted.text.en}{colon}{noted.why.en}")
        return page.both(text) if noted.voucher else page.code(said)


_TIME: Final = Text("时间", "time")
_PARTS: Final = (
    _Part(
        Text("经过", "What happened"),
        "timeline",
        _event,
        (0.2, 0.15, 0.65),
        (_TIME, Text("经办", "by"), Text("内容", "what")),
    ),
    _Part(
        Text("关联交易", "Transactions"),
        "transactions",
        _transaction,
        (0.14, 0.17, 0.12, 0.16, 0.11, 0.13, 0.17),
        (
            *(_TIME, Text("类型", "kind"), Text("状态", "state")),
            *(Text("凭证号/参考号", "voucher, reference"), Text("授权码", "auth. code")),
            *(Text("金额", "amount"), Text("应答", "answer")),
        ),
    ),
    _Part(
        Text("账务", "Ledger"),
        "ledger",
        _entry,
        (0.16, 0.24, 0.24, 0.18, 0.18),
        (
            *(Text("日期", "date"), Text("借", "debit"), Text("贷", "credit")),
            *(Text("金额", "amount"), Text("事由", "reason")),
        ),
    ),
    _Part(
        Text("清算文件的证明", "Proved by clearing files"),
        "proved",
        _proved,
        (0.14, 0.2, 0.12, 0.24, 0.3),
        (
            *(_TIME, Text("文件/行", "file, line"), Text("清算日", "day")),
            *(Text("证明内容", "what it proves"), Text("文件摘要", "SHA-256 of the file")),
        ),
        fine=True,
    ),
    _Part(
        Text("告知", "Who was told"),
        "told",
        _told,
        (0.2, 0.2, 0.6),
        (_TIME, Text("对象", "whom"), Text("内容", "what")),
    ),
    _Part(
        Text("报文（已脱敏）", "Messages, masked"),
        "messages",
        _message,
        (0.17, 0.15, 0.06, 0.62),
        (_TIME, Text("方向", "way"), Text("类型", "MTI"), Text("域", "fields")),
        fine=True,
    ),
)
