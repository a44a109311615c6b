"""A diagnosis as programs read it, the same from the command line and over the API."""

from typing import Any, Final

from annul.domain.errors import AnnulError
from annul.domain.kinds import CASED, VOIDS
from annul.domain.response_codes import Effect, effect_of
from annul.domain.standing import Standing, standing, told
from annul.domain.states import Sent, State
from annul.domain.text import Text

from .facts import Facts
from .rank import Shifts, limits, rank
from .signals import SIGNALS

_NOT_TOLD: Final = Text(
    "这些事实说明不了款项在哪里。", "These facts do not tell where the money is."
)
_GIVEN_BACK: Final = frozenset({State.VOIDED, State.REFUNDED, State.PARTLY_REFUNDED})


class BadFacts(AnnulError):
    """The facts that were given cannot be read."""

    code = "diagnose.facts_file"
    next_step = "Give a JSON object of fact names and values; --json shows the names."


def report(facts: Facts, shifts: Shifts, lang: str | None) -> dict[str, Any]:
    """Give causes with evidence, facts with their sources, and what could not be told."""
    money = money_of(facts)
    return {
        "causes": [finding.as_json(money, lang) for finding in rank(facts, shifts)],
        "facts": facts.as_json(),
        "missing": facts.missing(),
        "could_not_be_told": limits(facts),
    }


def money_of(facts: Facts) -> Text:
    """Say where the money is as far as facts tell: they are as of when it failed."""
    kind = facts.get("void.kind")
    kind = kind if kind in CASED else VOIDS[0]
    if facts.get("original.found") is False:
        return told(Standing.NOTHING_NAMED, kind)
    try:
        original = State(facts.get("original.state"))
        states = [State(facts.get("void.state"))]
    except ValueError:
        return _NOT_TOLD
    if original in _GIVEN_BACK and facts.get("original.undone_before"):
        states.append(State.APPROVED)
    sent = facts.get("void.sent") != Sent.NOT_SENT
    if sent and effect_of(str(facts.get("void.code"))) is Effect.UNKNOWN:
        states.append(State.UNKNOWN)  # a code that proves nothing is declined for its cause alone
    return told(standing(original, states), kind)


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
