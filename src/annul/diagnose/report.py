"""A diagnosis as programs read it, the same from the command line and over the API."""

from typing import Any

from annul.domain.errors import AnnulError

from .facts import Facts
from .rank import Shifts, limits, rank
from .signals import SIGNALS


class BadFacts(AnnulError):
    """The facts that were given cannot be read."""

    code = "diagnose.facts_file"
    next_step = "Give a JSON object of fact names and values; --json shows the names."


def report(facts: Facts, shifts: Shifts, lang: str | None) -> dict[str, Any]:
    """Give causes with evidence, facts with their sources, and what could not be told."""
    return {
        "causes": [finding.as_json(lang) for finding in rank(facts, shifts)],
        "facts": facts.as_json(),
        "missing": facts.missing(),
        "could_not_be_told": limits(facts),
    }


def together(known: Facts, given: Facts) -> Facts:
    """Add facts that somebody gave; raises `BadFacts` for a value that no signal can take."""
    both = known.with_facts(given.known)
    for signal in SIGNALS.values() if given.known else ():
        try:
            _ = signal.speaks(both) and signal.line(both)
        except (TypeError, ValueError, AttributeError, ArithmeticError) as error:
            names = ", ".join(need for need in signal.needs if need in given.known)
            message = f"{names}: {error}"
            raise BadFacts(message) from error
    return both
