"""How a report says what stands in it, in one language."""

from annul.domain.text import Text

from .period import Length
from .report import Report
from .sections import Cell, Rate, Verdict


def spoken(cell: Cell, language: str) -> str:
    """Give a cell as text."""
    match cell:
        case Rate():
            return str(cell)
        case Verdict():
            return cell.said.speak(language)
        case Text():
            return cell.speak(language)
        case _:
            return str(cell)


def titled(report: Report) -> Text:
    """Give the title of a report."""
    said = report.period.said
    long = Text("日报", "Daily report") if report.period.length is Length.DAY else _WEEKLY
    whose = Text("", "")
    if report.merchant:
        name = report.names.get(("merchant", report.merchant))
        number = report.merchant
        whose = (
            Text(f"　{name.zh} {number}", f", {name.en} {number}")
            if name
            else Text(f"　{number}", f", {number}")
        )
    return Text(f"撤销{long.zh}　{said.zh}{whose.zh}", f"{long.en} on voids, {said.en}{whose.en}")


_WEEKLY = Text("周报", "Weekly report")
