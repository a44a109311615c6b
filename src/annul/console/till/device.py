"""The device as a machine: keys go in, what the screen shows and what is to be done come out.

Pure: it knows no browser, no socket and no clock. Whoever holds it carries out its wishes and
tells it the result.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from annul.domain import money
from annul.domain.errors import AnnulError

from .values import (
    ASKED,
    FUNCTIONS,
    STRIKE,
    TRACE,
    Card,
    Function,
    Idle,
    KeyedOriginal,
    Result,
    Screen,
    ScreenLine,
    Wish,
)

Words = Callable[..., str]

DIGITS: Final = frozenset("0123456789")
_PIN: Final = range(4, 13)  # digits
_CARD: Final = range(12, 20)


class Device:
    """One device in one hand. `find` looks into the journal, `last` names the latest voucher."""

    def __init__(
        self,
        cards: Sequence[Card],
        find: Callable[[str], KeyedOriginal | None],
        last: Callable[[], str],
    ) -> None:
        self._cards = cards
        self._find = find
        self._last = last
        self._busy = False
        self._result: Result | None = None
        self._rest()

    @property
    def busy(self) -> bool:
        """Whether a wish is being carried out."""
        return self._busy

    def _rest(self) -> None:
        self._function = ""
        self._asks: list[str] = []
        self._wish = Wish("")
        self._original: KeyedOriginal | None = None
        self._clean()

    def _clean(self, offered: str = "") -> None:
        self._typed = offered
        self._offered = bool(offered)  # the first digit takes its place
        self._wrong = ""

    # Keys in -------------------------------------------------------------------------------

    def press(self, key: str) -> Wish | None:
        """Take a key; gives a wish when there is something to do."""
        if self._busy:
            return None
        if key in FUNCTIONS:
            self._result = None
            return self._begin(key, FUNCTIONS[key])
        if self._result is not None:
            return self._leave(key)
        if not self._function:
            return self._wake(key)
        return self._answer(key)

    def _answer(self, key: str) -> Wish | None:
        """Take a key while something is asked."""
        if key == "cancel":
            self._rest()
        elif key == "clear":
            self._put("" if self._offered else self._typed[:-1])
        elif key == "ok":
            return self._accept()
        elif key in {*DIGITS, ".", "00"}:
            return self._type(key)
        return None

    def show(self, result: Result) -> None:
        """Take the result of the wish."""
        self._busy = False
        self._rest()
        self._result = result

    def _leave(self, key: str) -> Wish | None:
        """Go back from a result; a digit begins a sale, 9 may strike out what is owed."""
        assert self._result is not None
        strike, self._result = self._result.strike, None
        if strike and key == "9":
            self._begin("strike", STRIKE)
            self._wish = replace(self._wish, voucher=strike)
            return None
        return self._wake(key)

    def _wake(self, key: str) -> Wish | None:
        if key in DIGITS:
            self._begin("sale", FUNCTIONS["sale"])
            self._type(key)
        return None

    def _begin(self, name: str, function: Function) -> Wish | None:
        self._rest()
        self._function = name
        self._asks = list(function.asks)
        self._wish = Wish(name, dict(function.kinds).get("", ""))
        return None if self._asks else self._done()

    def _type(self, key: str) -> Wish | None:
        asked = self._asks[0]
        if asked == "card":
            return self._choose(key)
        longest = ASKED[asked][2]
        begun = "" if self._offered else self._typed
        typed = begun + key
        if asked == "amount":
            typed = ("0" if typed.startswith(".") else "") + typed
            fits = _is_amount(typed)
        else:
            fits = "." not in key
        if fits and len(typed) <= longest:
            self._put(typed)
        return None

    def _put(self, typed: str) -> None:
        self._clean()
        self._typed = typed

    def _choose(self, key: str) -> Wish | None:
        place = int(key) if key in DIGITS else 0
        if place == len(self._cards) + 1:
            self._asks.insert(1, "number")
            return self._next()
        if not 0 < place <= len(self._cards):
            return None
        self._wish = replace(self._wish, card=self._cards[place - 1].number)
        return self._next()

    def _accept(self) -> Wish | None:
        take = getattr(self, f"_take_{self._asks[0]}", None)
        wrong = take() if take else ""
        if wrong:
            self._wrong = wrong
            return None
        return self._next()

    def _next(self) -> Wish | None:
        """Ask the next thing, or be done."""
        self._asks.pop(0)
        if not self._asks:
            return self._done()
        offered = self._asks[0] == "amount" and self._original is not None
        self._clean(money.show(self._original.amount) if offered and self._original else "")
        return None

    def _done(self) -> Wish:
        self._busy = True
        return self._wish

    # What was keyed in ---------------------------------------------------------------------

    def _take_amount(self) -> str:
        try:
            amount = money.parse(self._typed.removesuffix("."))
        except AnnulError:
            return "Key in an amount above zero"
        if self._original is not None and amount > self._original.amount:
            return "That is more than the sale"
        self._wish = replace(self._wish, amount=amount)
        return ""

    def _take_card(self) -> str:
        if not self._cards:
            self._asks.insert(1, "number")
            return ""
        self._wish = replace(self._wish, card=self._cards[0].number)
        return ""

    def _take_number(self) -> str:
        if len(self._typed) not in _CARD:
            return "A card number has 12 to 19 digits"
        self._wish = replace(self._wish, card=self._typed, keyed=True)
        return ""

    def _take_pin(self) -> str:
        if self._typed and len(self._typed) not in _PIN:
            return "A PIN has 4 to 12 digits"
        self._wish = replace(self._wish, pin=self._typed)
        return ""

    def _take_voucher(self) -> str:
        found = self._find(self._typed.zfill(TRACE)) if self._typed else None
        if found is None:
            return "This terminal has no such voucher"
        kind = dict(FUNCTIONS[self._function].kinds).get(found.kind)
        if kind is None:
            return "That voucher is not one of a sale"
        self._original = found
        self._wish = replace(self._wish, kind=kind, voucher=found.trace, amount=found.amount)
        return ""

    def _take_printed(self) -> str:
        trace = self._typed.zfill(TRACE) if self._typed else self._last()
        if not trace or self._find(trace) is None:
            return "This terminal has no such voucher"
        self._wish = replace(self._wish, voucher=trace)
        return ""

    # What the screen shows -----------------------------------------------------------------

    def screen(self, idle: Idle, words: Words) -> Screen:
        """Give what the screen shows now, in the language of `words`."""
        if self._busy:
            title = words(FUNCTIONS.get(self._function, STRIKE).title)
            return Screen(
                title,
                (ScreenLine(words("Communicating…"), "big"),),
                busy=True,
                hint=words("Please wait, do not repeat it"),
            )
        if self._result is not None:
            return _ended(self._result, words)
        if not self._function:
            return _idle(idle, words)
        asked = self._asks[0]
        title, hint, longest, hidden = ASKED[asked]
        lines = [ScreenLine(words(title), "ask")]
        if longest:
            lines.append(ScreenLine(self._shown(asked, hidden=hidden), "entry"))
        lines.extend(self._about(asked, words))
        if self._wrong:
            lines.append(ScreenLine(words(self._wrong), "bad"))
        function = FUNCTIONS.get(self._function, STRIKE)
        return Screen(words(function.title), tuple(lines), hint=words(hint))

    def _shown(self, asked: str, *, hidden: bool) -> str:
        if asked == "amount":
            return f"¥ {self._typed or '0.00'}"
        if not hidden:
            return self._typed or "–"
        open_ = self._typed[-4:] if asked == "number" and len(self._typed) > 8 else ""
        return "•" * (len(self._typed) - len(open_)) + open_ or "–"

    def _about(self, asked: str, words: Words) -> list[ScreenLine]:
        """Give what stands beneath the question."""
        if asked == "card":
            cards = [
                ScreenLine(words(card.name), "key", str(place), card.masked)
                for place, card in enumerate(self._cards, 1)
            ]
            other = ScreenLine(words("Another card: key it in"), "key", str(len(cards) + 1))
            return [*cards, other]
        original = self._original
        if original is None or asked not in {"original", "amount"}:
            return []
        lines = [
            ScreenLine(words("Voucher {trace}", trace=original.trace)),
            ScreenLine(original.card),
        ]
        if not original.approved:
            lines.append(ScreenLine(words("This terminal does not know it as approved"), "bad"))
        if asked == "original":
            lines.insert(0, ScreenLine(f"¥ {money.show(self._wish.amount)}", "sum"))
        return lines


def _is_amount(typed: str) -> bool:
    """Say whether this may become an amount: at most nine digits, a point, two decimals."""
    whole, point, rest = typed.partition(".")
    return len(whole) <= 9 and (not point or ("." not in rest and len(rest) <= 2))


def _idle(idle: Idle, words: Words) -> Screen:
    state = words("Signed in") if idle.signed_in else words("Not signed in")
    lines = [
        ScreenLine(idle.merchant, "big"),
        ScreenLine(words("Terminal {terminal}", terminal=idle.terminal)),
        ScreenLine(words("Batch {batch} · {state}", batch=idle.batch, state=state)),
    ]
    if idle.owed:
        lines.append(ScreenLine(words("{n} to be reversed first", n=idle.owed), "bad"))
    return Screen("annul", tuple(lines), hint=words("Choose a function, or key in an amount"))


def _ended(result: Result, words: Words) -> Screen:
    head = [ScreenLine(result.title, "big")]
    if result.code or result.text:
        head.append(ScreenLine(f"{result.code} {result.text}".strip(), "ask"))
    rest = [ScreenLine(line) for line in result.lines]
    if result.strike:
        clear = words("The acquirer has settled it: clear the reversal")
        rest.append(ScreenLine(clear, "key", "9"))
    return Screen("", (*head, *rest), hint=words("Any key: back"), tone=result.tone)
