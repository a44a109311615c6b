"""A report as programs read it: plain values, the same over the API and from the command line."""

from collections.abc import Iterable
from typing import Any

from annul.domain.text import Text

from .chance import Share
from .report import Compared, Line, Report
from .sections import in_short, said
from .why import MIX


def plain(report: Report) -> dict[str, Any]:
    """Give all of it; shares are from 0 to 1, texts in both languages."""
    period = report.period
    return {
        "period": period.name,
        "first": period.first,
        "last": period.last,
        "at": report.at,
        "merchant": report.merchant,
        "missing": tuple(report.missing),
        "in_short": [one._asdict() for one in in_short(report)],
        "now": _counts(report.total.now),
        "before": _counts(report.total.before),
        "figures": [_compared(one) | _said(one.figure.title) for one in report.figures],
        "tables": {
            name: [_line(report, one) for one in lines] for name, lines in report.tables.items()
        },
        "why": [
            {
                "issuer": one.group.issuer,
                "software": one.group.software,
                "cause": one.cause,
                "traffic": one.cause == MIX,
                "adds": one.adds,
                "before": one.before,
                "now": one.now,
            }
            for one in report.why
        ],
        "rest": report.rest,
        "suggestions": list(_suggestions(report)),
        "advice": [one._asdict() for one in report.advice],
    }


def _counts(counts: Any) -> dict[str, int]:
    return counts._asdict() | {"asked": counts.asked, "failed": counts.failed}


def _said(text: Text) -> dict[str, Any]:
    return {"title": text._asdict()}


def _share(share: Share) -> dict[str, Any]:
    return {"part": share.part, "of": share.of, "share": share.value}


def _compared(one: Compared) -> dict[str, Any]:
    return {
        "figure": one.figure.name,
        "now": _share(one.now),
        "before": _share(one.before),
        "low": one.interval[0],
        "high": one.interval[1],
        "change_low": one.change[0] if one.change else None,
        "change_high": one.change[1] if one.change else None,
        "p": one.p,
        "verdict": {True: "better", False: "worse", None: ""}[one.better],
    }


def _line(report: Report, line: Line) -> dict[str, Any]:
    return {
        "about": "".join(line.about),
        **_said(said(report, line.about)),
        **_compared(line.compared),
    }


def _suggestions(report: Report) -> Iterable[dict[str, Any]]:
    for one in report.suggestions:
        yield {
            "pattern": one.pattern.name,
            **one.about._asdict(),
            "change": one.change._asdict(),
            "evidence": one.evidence._asdict(),
            "effect": one.effect._asdict(),
            "there": one.there,
            "failed": one.failed.part,
            "of": one.failed.of,
            "before": one.before,
        }
