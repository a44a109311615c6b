"""A drill's score for people: its parts, what went wrong, and what a playbook should say then."""

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from annul.domain.drills import Part, Score, Wrong
from annul.domain.text import Text

from .record import Run
from .telling import kind_of, named, reasons, timeline

_TITLE: Final = Text("演练“{drill}”：{total}分", "Drill {drill}: {total} of 100")
_SEED: Final = Text(
    "种子{seed}，速度{speed:g}倍，{minutes:.0f}分钟",
    "seed {seed}, speed {speed:g}, {minutes:.0f} minutes",
)
_MONEY: Final = Text(
    "悬而未决的资金：{team:.2f}元·分钟；系统单独处理时为{alone:.2f}",
    "Money in question: {team:.2f} yuan minutes; with annul alone {alone:.2f}",
)
_EARLIER: Final = Text("以前各次：{scores}", "Earlier runs: {scores}")
_ALONE: Final = Text("系统单独处理时的得分：{total}", "annul alone: {total} of 100")
_HEADS: Final = (
    Text("项目", "part"),
    Text("得分", "points"),
    Text("满分", "of"),
    Text("原因", "why"),
)
_HAPPENED: Final = Text("经过", "What happened")
_MOMENTS: Final = (Text("分钟", "minute"), Text("何人", "who"), Text("何事", "what"))
_CHANGES: Final = Text("建议修改预案：", "Changes of playbooks to think about:")
# What a playbook should say where a part went wrong; `what` is the act, cause or contact.
_PROPOSED: Final[Mapping[Part, Text]] = {
    Part.NOTICED: Text(
        "{kind}：没有及时发现。预案开头加一步“查看”：值班人一分钟内确认事件；检查通知是否送到值班人。",
        "{kind}: noticed late. Begin the playbook with a step that looks: whoever is on duty takes "
        "the incident on within a minute; see that the notice reaches them.",
    ),
    Part.CAUSE: Text(
        "{kind}：原因是“{what}”。在“询问”步骤之前加一步“查看”，列出能说明这一原因的证据。",
        "{kind}: the cause was “{what}”. Before the step that asks, add one that looks at what "
        "tells this cause from others.",
    ),
    Part.RIGHT: Text(
        "{kind}：没有及时执行“{what}”。加一步“操作”，写明谁可以做、需要什么。",
        "{kind}: “{what}” was not done in time. Add a step that acts, with who may do it and what "
        "it needs.",
    ),
    Part.HARMLESS: Text(
        "{kind}：“{what}”有害。在该步骤写明何时不可使用，并要求双人复核。",
        "{kind}: “{what}” did harm. Say in its step when it is not to be used, and let it take a "
        "second person.",
    ),
    Part.SECOND: Text(
        "{kind}：没有第二人复核。写明第二人是谁、如何联系。",
        "{kind}: nobody confirmed. Say who the second person is and how they are reached.",
    ),
    Part.TOLD: Text(
        "{kind}：没有及时通知{what}。加一步“通知”，附联系方式和话术。",
        "{kind}: {what} was not told in time. Add a step that tells them, with how they are "
        "reached and what to say.",
    ),
    Part.ENDED: Text(
        "{kind}：结束得太晚。加一步“等待”，写明等到什么条件，然后撤销各项干预。",
        "{kind}: it ended late. Add a step that waits for a condition and then ends what was put "
        "in force.",
    ),
}


class Proposal(NamedTuple):
    """A change of a playbook to think about; no name: there is none yet that is about it."""

    text: Text
    playbook: str


def proposals(run: Run, score: Score) -> list[Proposal]:
    """Give what went wrong as changes of playbooks, each once."""
    meant = {truth.kind: truth.response.playbook for truth in run.record.truths}
    found = [
        Proposal(_proposed(wrong), meant.get(wrong.kind, ""))
        for wrong in score.wrong
        if wrong.part in _PROPOSED
    ]
    return list(dict.fromkeys(found))


def _proposed(wrong: Wrong) -> Text:
    what, kind = named(wrong.value), kind_of(wrong.kind)
    says = _PROPOSED[wrong.part]
    return Text(
        says.zh.format(kind=kind.zh, what=what.zh), says.en.format(kind=kind.en, what=what.en)
    )


def in_json(run: Run, score: Score) -> dict[str, Any]:
    """Give it for programs; money in minor units times minutes."""
    record, alone = run.record, run.alone
    return {
        "number": record.number,
        "drill": record.drill,
        "seed": record.seed,
        "team": record.team,
        "total": score.total,
        "parts": {
            part.value: {"points": round(part.weight * share, 1), "of": part.weight}
            for part, share in score.parts.items()
        },
        "money": record.money,
        "money_alone": alone and alone.money,
        "total_alone": alone and alone.score.total,
        "proposals": [
            {**one.text._asdict(), "playbook": one.playbook} for one in proposals(run, score)
        ],
    }


def lines(run: Run, score: Score, earlier: Sequence[float], language: str) -> Iterator[str]:
    """Give it line by line; `earlier` are the totals of earlier runs, the oldest first."""
    record, alone = run.record, run.alone
    yield _TITLE.speak(language).format(drill=record.drill, total=score.total)
    yield _SEED.speak(language).format(seed=record.seed, speed=record.speed, minutes=record.minutes)
    if alone is not None:
        money = {"team": record.money / 100, "alone": alone.money / 100}
        yield _MONEY.speak(language).format(**money)
        yield _ALONE.speak(language).format(total=alone.score.total)
    if earlier:
        scores = ", ".join(f"{total:g}" for total in earlier)
        yield _EARLIER.speak(language).format(scores=scores)
    yield ""
    for row in rows(score, language):
        yield f"  {row[1]:>6} / {row[2]:<5} {row[0]}"
    changes = proposals(run, score)
    if changes:
        yield ""
        yield _CHANGES.speak(language)
        for change in changes:
            yield f"  - {_change(change, language)}"


def _change(change: Proposal, language: str) -> str:
    of = f" [{change.playbook}]" if change.playbook else ""
    return f"{change.text.speak(language)}{of}"


def rows(score: Score, language: str) -> list[tuple[str, str, str]]:
    """Give each part: its name, its points, and how many there were."""
    return [
        (part.text.speak(language), f"{part.weight * share:.1f}", f"{part.weight:g}")
        for part, share in score.parts.items()
    ]


def pdf(run: Run, score: Score, earlier: Sequence[float], language: str) -> bytes:
    """Give it to be printed; the same drill is the same file."""
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.units import mm
    from reportlab.platypus import Paragraph, SimpleDocTemplate

    from annul.resolve import proof_page as page

    page.registered()
    said = list(lines(run, score, earlier, language))
    head = said[: said.index("")]
    story: list[Any] = [Paragraph(page.latin(head[0]), page.TITLE)]
    story += [Paragraph(page.latin(line), page.TEXT) for line in head[1:]]
    names = [one.speak(language) for one in _HEADS]
    whys = reasons(run, score)
    parts = [
        (*row, "; ".join(one.speak(language) for one in whys[part]))
        for part, row in zip(score.parts, rows(score, language), strict=True)
    ]
    story.append(page.grid([names, *parts], (0.22, 0.1, 0.1, 0.58), head=True))
    story.append(Paragraph(page.latin(_HAPPENED.speak(language)), page.PART))
    happened = [
        (f"{one.minute:.1f}", one.who or "-", one.text.speak(language)) for one in timeline(run)
    ]
    heads = [one.speak(language) for one in _MOMENTS]
    story.append(page.grid([heads, *happened], (0.1, 0.2, 0.7), head=True))
    changes = proposals(run, score)
    if changes:
        story.append(Paragraph(page.latin(_CHANGES.speak(language)), page.PART))
        story += [Paragraph(page.latin(_change(one, language)), page.TEXT) for one in changes]
    buffer = io.BytesIO()
    document = SimpleDocTemplate(
        buffer,
        pagesize=A4,
        leftMargin=page.MARGIN,
        rightMargin=page.MARGIN,
        topMargin=15 * mm,
        bottomMargin=17 * mm,
        title=head[0],
        author="annul",
        invariant=True,
    )
    document.build(story, canvasmaker=page.numbered(f"annul　{run.record.number}"))
    return buffer.getvalue()
