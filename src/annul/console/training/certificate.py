"""A certificate by its number: to be shown, printed, and looked up by whoever is shown it."""

from annul.console.frame.live import View, html
from annul.console.frame.markup import badge, card, facts, link, tag
from annul.desk import training as views

from . import said


async def certificate(view: View) -> None:
    """Show it, and whether it is valid today."""
    words = view.words
    held, course = await views.certificate(view.desk, view.visitor, view.params["certificate"])
    valid = held.holds(view.desk.clock.now())
    state = badge(words("valid"), "good") if valid else badge(words("expired"), "bad")
    file = f"/api/v1/training/certificates/{held.number}/file"
    pdf = link("PDF", file, cls="button", download=True)
    way = link(words("All courses"), "/training", cls="button")
    title = tag("h1", words("Certificate"))
    html(tag("div", title, state, tag("span", cls="grow"), pdf, way, cls="head"))
    shown = facts(
        (
            (words("Person"), held.person),
            (words("Course"), words.of(course.title)),
            (words("Version"), held.version),
            (words("Finished on"), said.day(view, held.at)),
            (words("Valid until"), said.day(view, held.valid_until)),
            (words("Number"), view.copied(held.number)),
        )
    )
    what = tag("p", words.of(course.about), cls="muted")
    html(card(words("Has finished the course"), shown, what, cls="spaced"))
