"""How progress, evidence and certificates are said, on every page of training."""

from datetime import datetime
from typing import Final

from annul.console.frame.live import View
from annul.console.frame.markup import Html, badge, card, link, tag
from annul.domain.courses import Certificate, Part, Progress, Task
from annul.operate.training.checks import CHECKS

STYLE: Final = '<link rel="stylesheet" href="/assets/training.css">'


def elsewhere(view: View) -> Html | None:
    """Say where tasks are done, unless that is here."""
    words, rules = view.words, view.desk.training
    if rules.sandbox:
        return None
    said = words(
        "Tasks are done in a sandbox, where voids harm nobody; here you see your progress."
    )
    way = (
        link(words("Go to the sandbox"), rules.url, cls="button primary", id="to-sandbox")
        if rules.url
        else tag("span", words("Ask an administrator where the sandbox is."), cls="muted")
    )
    return card(words("Where you practise"), tag("p", said), tag("p", way), cls="spaced")


def standing(view: View, far: Progress) -> Html:
    """Say how far somebody is, as a badge."""
    words = view.words
    held = far.certificate
    if not far.open:
        return badge(words("finished"), "good")
    if held is not None and not held.holds(view.desk.clock.now()):
        return badge(words("expired"), "bad")
    if far.done:
        return badge(words("{n} of {of}", n=far.done, of=far.of), "info")
    return badge(words("to be done anew"), "warn") if held else badge(words("not begun"))


def bar(view: View, far: Progress) -> Html:
    """Draw how much of it is done."""
    done = far.of if not far.open else far.done
    said = view.words("{n} of {of}", n=done, of=far.of)
    return tag("progress", value=done, max=far.of, cls="training-bar", aria_label=said)


def held(view: View, one: Certificate) -> Html:
    """Name a certificate, and until when it is good."""
    until = view.words("valid until {day}", day=day(view, one.valid_until))
    return tag("span", link(one.number, there(one), cls="mono"), " · ", until)


def there(one: Certificate) -> str:
    """Give the address of a certificate."""
    return f"/training/certificates/{one.number}"


def day(view: View, at: datetime) -> str:
    """Give a day as the acquirer's clocks have it."""
    return f"{at.astimezone(view.desk.zone):%Y-%m-%d}"


def proved(view: View, task: Task, part: Part) -> str:
    """Say what proved a task."""
    values = dict(part.evidence)
    if "amount" in values:
        values["amount"] = view.amount(values["amount"], values.get("currency", "156"))
    return view.words.of(CHECKS[task.check].proof).format(**values)
