"""The page of training: one's courses; for who audits, how far everybody is."""

from nicegui import ui

from annul.console.frame.live import View, html
from annul.console.frame.markup import Html, card, join, link, table, tag
from annul.desk import training as views
from annul.desk.roles import Scope
from annul.domain.courses import Progress

from . import said


async def training(view: View) -> None:
    """Show them."""
    ui.add_head_html(said.STYLE)
    words = view.words
    html(tag("div", tag("h1", words("Training")), cls="head"))
    mine = await views.mine(view.desk, view.visitor)
    parts = [said.elsewhere(view), *(_course(view, far) for far in mine)]
    if not mine:
        parts.append(tag("p", words("There is no course for your role."), cls="empty"))
    if view.may(Scope.AUDIT):
        parts.append(await _everybody(view))
    html(join(parts), "stack")


def _course(view: View, far: Progress) -> Html:
    words, course = view.words, far.course
    held = far.certificate
    verb = words("Look at it") if not far.open else words("Go on") if far.parts else words("Begin")
    about = words("{n} parts, about {minutes} min", n=len(course.lessons), minutes=course.minutes)
    return card(
        words.of(course.title),
        tag("p", words.of(course.about)),
        tag("p", about, cls="muted"),
        said.bar(view, far),
        tag("p", said.held(view, held)) if held else None,
        link(verb, f"/training/{course.name}", cls="button primary"),
        cls="spaced training-course",
        aside=said.standing(view, far),
    )


async def _everybody(view: View) -> Html:
    words = view.words
    rows = [
        (
            person.name,
            words(person.role) if person.role else "–",
            words.of(far.course.title),
            said.standing(view, far),
            said.held(view, far.certificate) if far.certificate else "–",
        )
        for person in await views.everybody(view.desk, view.visitor)
        for far in person.courses
    ]
    heads = [words(one) for one in ("Person", "Role", "Course", "Progress", "Certificate")]
    shown = table(heads, rows, empty=words("Nobody has begun a course."), sorts="training")
    return card(words("Everybody"), shown, cls="spaced", aside="")
