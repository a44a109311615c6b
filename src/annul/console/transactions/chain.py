"""What a chain of transactions says: a box and a line for each, and for each reversal."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from annul.console.frame.live import View
from annul.console.frame.markup import Html, join, tag
from annul.console.shared import TRANSACTION_TONES, between
from annul.domain.response_codes import describe
from annul.domain.reversal_reasons import REASONS
from annul.domain.reversal_rules import CONCLUDED
from annul.resolve.tries import MANY, attempts

from .picture import Box, picture

_REVERSALS: Final = {
    "reversing": ("under way", "warn"),
    "reversed": ("acknowledged", "good"),
    "disputed": ("denied by the issuer", "bad"),
}

Row = Mapping[str, Any]


def folded(view: View, rows: Sequence[Row], here: str) -> list[Box]:
    """Make the boxes of a chain in which annul's own tries in a row are one."""
    made = list[Box]()
    for run in attempts(rows, here):
        made += boxes(view, run, here) if len(run) < MANY else [_of_run(view, run)]
    return made


def _of_run(view: View, run: Sequence[Row]) -> Box:
    first, last, codes = run[0], run[-1], dict.fromkeys(row["response_code"] for row in run)
    return Box(
        str(first["id"]),
        str(first["original_id"] or ""),
        view.words(first["kind"]),
        view.words("{n} own tries", n=len(run)),
        "bad",
        view.amount(first["amount"], first["currency"]),
        (
            between(view, first["received_at"], last["received_at"]),
            ", ".join(code or "–" for code in codes),
        ),
    )


def boxes(view: View, rows: Sequence[Row], here: str) -> list[Box]:
    """Make a box of each transaction, and one of each reversal behind what it reverses."""
    words, made = view.words, []
    for row in rows:
        key = str(row["id"])
        code = f" · {row['response_code']}" if row["response_code"] else ""
        made.append(
            Box(
                key,
                str(row["original_id"] or ""),
                words(row["kind"]),
                words(row["state"]),
                TRANSACTION_TONES.get(row["state"], ""),
                view.amount(row["amount"], row["currency"]),
                (
                    f"{words('RRN')} {row['rrn']}",
                    f"{view.when(row['received_at'], seconds=True)}{code}",
                ),
                f"/transactions/{key}",
                here=key == here,
            )
        )
        reversal = _reversal(row)
        if reversal is not None:
            said, tone = reversal
            at = view.when(row["ended_at"], seconds=True) if row["state"] == "reversed" else ""
            made.append(
                Box(
                    f"{key} reversal",
                    key,
                    words("Reversal"),
                    words(said),
                    tone,
                    view.amount(row["amount"], row["currency"]),
                    tuple(one for one in (reversal_reason(view, row), at) if one),
                )
            )
    return made


def _reversal(row: Row) -> tuple[str, str] | None:
    """Say how the reversal of a transaction stands, and its colour; None when there is none."""
    sent, state = row["reversal_reason"], row["state"]
    if row["why"] == CONCLUDED:
        return ("concluded by hand", "info") if sent else None
    return _REVERSALS.get(state) if sent or state != "disputed" else None


def reversal_reason(view: View, row: Row) -> str:
    """Say why a transaction was reversed."""
    zh, en = REASONS.get(row["reversal_reason"], ("", ""))
    return zh if view.words.language == "zh" else en


def drawing(view: View, made: Sequence[Box], name: str = "chain") -> Html:
    """Draw the chain wide and narrow; the page shows the one that fits. `name` is its own."""
    words = view.words
    described = ". ".join(
        f"{place}: {box.kind}, {box.state}, {box.amount}" for place, box in enumerate(made, 1)
    )
    title = words("The original and all that refers to it")
    return tag(
        "div",
        picture(made, title, described, name),
        picture(made, title, described, name, narrow=True),
        cls="scroll drawn",
    )


def outcome(view: View, row: Row) -> Html | str:
    """Say what the answer was: the code with its text, or why there was none."""
    code = row["response_code"]
    if code == "00":
        return tag("span", "00", cls="mono muted")
    said = code_text(view, code) if code else ""
    why = view.words(row["why"]) if row["why"] else ""
    if not said and not why:
        return "–"
    return join(
        (
            tag("span", code, cls="mono"),
            " " if code else None,
            tag("span", why or said, cls="muted"),
        )
    )


def code_text(view: View, code: str) -> str:
    """Say what a response code means."""
    return view.words.of(describe(code).title)
