"""A drill's score for people: its parts, what went wrong, and what a playbook should say then."""

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from annul.diagnose.causes import CAUSES
from annul.domain.drills import Contact, Part, Score, Wrong
from annul.domain.interventions import INTERVENTIONS
from annul.domain.text import Text
from annul.resolve.people import ACTIONS

from .record import Record

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
_HEADS: Final = (Text("项目", "part"), Text("得分", "points"), Text("满分", "of"))
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
_NOTHING_WRONG: Final = Text("没有发生故障之处", "where nothing was wrong")


def named(value: str) -> Text:
    """Give what people call a cause, an act or a contact."""
    if value in CAUSES:
        return CAUSES[value].title
    if value in INTERVENTIONS:
        return next(about.title for kind, about in INTERVENTIONS.items() if kind.value == value)
    if value in ACTIONS:
        return ACTIONS[value].said
    if value in {contact.value for contact in Contact}:
        return Contact(value).text
    return (
        Text("要求终端签到或更新", "ask the terminal to sign in or to update")
        if value
        else (Text("-", "-"))
    )


def proposals(score: Score) -> list[Text]:
    """Give what went wrong as changes of a playbook, each once."""
    return list(dict.fromkeys(_proposed(wrong) for wrong in score.wrong if wrong.part in _PROPOSED))


def _proposed(wrong: Wrong) -> Text:
    what = named(wrong.value)
    says = _PROPOSED[wrong.part]
    kinds = Text(wrong.kind, wrong.kind) if wrong.kind else _NOTHING_WRONG
    return Text(
        says.zh.format(kind=kinds.zh, what=what.zh), says.en.format(kind=kinds.en, what=what.en)
    )


def in_json(record: Record, score: Score, alone: float) -> dict[str, Any]:
    """Give it for programs; money in minor units times minutes."""
    return {
        "drill": record.drill,
        "seed": record.seed,
        "total": score.total,
        "parts": {
            part.value: {"points": round(part.weight * share, 1), "of": part.weight}
            for part, share in score.parts.items()
        },
        "money": record.money,
        "money_alone": alone,
        "proposals": [text._asdict() for text in proposals(score)],
    }


def lines(
    record: Record, score: Score, alone: float, earlier: Sequence[float], language: str
) -> Iterator[str]:
    """Give it line by line; `earlier` are the totals of earlier runs, the oldest first."""
    minutes = (record.ended - record.began).total_seconds() / 60 * record.speed
    yield _TITLE.speak(language).format(drill=record.drill, total=score.total)
    yield _SEED.speak(language).format(seed=record.seed, speed=record.speed, minutes=minutes)
    yield _MONEY.speak(language).format(team=record.money / 100, alone=alone / 100)
    if earlier:
        scores = ", ".join(f"{total:g}" for total in earlier)
        yield _EARLIER.speak(language).format(scores=scores)
    yield ""
    for row in rows(score, language):
        yield f"  {row[1]:>6} / {row[2]:<5} {row[0]}"
    changes = proposals(score)
    if changes:
        yield ""
        yield _CHANGES.speak(language)
        for change in changes:
            yield f"  - {change.speak(language)}"


def rows(score: Score, language: str) -> list[tuple[str, str, str]]:
    """Give each part: its name, its points, and how many there were."""
    return [
        (part.text.speak(language), f"{part.weight * share:.1f}", f"{part.weight:g}")
        for part, share in score.parts.items()
    ]


def pdf(
    record: Record, score: Score, alone: float, earlier: Sequence[float], language: str
) -> bytes:
    """Give it to be printed; the same drill is the same file."""
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.units import mm
    from reportlab.platypus import Paragraph, SimpleDocTemplate

    from annul.resolve import proof_page as page

    page.registered()
    said = list(lines(record, score, alone, earlier, language))
    head = said[: said.index("")]
    story: list[Any] = [Paragraph(page.latin(head[0]), page.TITLE)]
    story += [Paragraph(page.latin(line), page.TEXT) for line in head[1:]]
    names = [one.speak(language) for one in _HEADS]
    story.append(page.grid([names, *rows(score, language)], (0.6, 0.2, 0.2), head=True))
    changes = proposals(score)
    if changes:
        story.append(Paragraph(page.latin(_CHANGES.speak(language)), page.PART))
        story += [Paragraph(page.latin(one.speak(language)), page.TEXT) for one in changes]
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
    document.build(story, canvasmaker=page.numbered(f"annul　{record.drill}"))
    return buffer.getvalue()
