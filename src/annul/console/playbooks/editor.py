"""A playbook's text: changed, checked, tried dry, and kept as a new version by administrators."""

from dataclasses import dataclass
from typing import Any

from nicegui import ui

from annul.console.frame.forms import Answers, Form, ask, said
from annul.console.frame.live import View, html
from annul.console.frame.markup import Html, join, tag
from annul.desk import playbook_acts as acts
from annul.desk import playbooks as views
from annul.desk.roles import Scope
from annul.domain.errors import AnnulError
from annul.domain.playbook_flaws import BadPlaybook
from annul.domain.playbooks import PLACES, Value

from .said import Row
from .steps import flaws, listed


@dataclass(slots=True)
class _Drawn:
    """What one fills in: the text, the places of a dry run, and answers in it."""

    text: Any
    places: dict[str, Any]
    answers: Any

    @property
    def written(self) -> str:
        return str(self.text.value or "")

    def given(self) -> dict[str, Value]:
        told = {name: str(box.value or "").strip() for name, box in self.places.items()}
        return {name: value for name, value in told.items() if value}

    def answered(self) -> dict[str, Value]:
        """Read `step=value, step=value`; what is no such pair is left out."""
        pairs = [one.partition("=") for one in str(self.answers.value or "").split(",")]
        told = {name.strip(): value.strip() for name, _, value in pairs}
        return {
            name: int(value) if value.isascii() and value.isdigit() else value
            for name, value in told.items()
            if name and value
        }


def editor(view: View, row: Row) -> None:
    """Draw the text with what can be done with it."""
    words = view.words
    with ui.element("section").classes("card editor no-print").props("id=editor"):
        html(tag("header", tag("h2", words("Text"))))
        html(
            tag(
                "p",
                words("Written as TOML, in both languages. Checked before it counts."),
                cls="muted",
            )
        )
        text = ui.textarea(words("Text of the playbook"), value=row["text"])
        text.props("outlined dense rows=18 spellcheck=false").classes("wide mono")
        places, answers = _dry_fields(view)
        drawn = _Drawn(text, places, answers)
        told = html(cls="editor-told").props('role="status"')
        with ui.element("div").classes("row-of-buttons"):
            check = ui.button(
                words("Check"), on_click=lambda: told.set_content(_check(view, drawn))
            )
            check.classes("primary").props("unelevated no-caps")

            async def dry() -> None:
                told.set_content(await _dry(view, row["name"], drawn))

            ui.button(words("Dry run"), on_click=dry).props("flat no-caps")
            if view.may(Scope.ADMIN):

                async def save() -> None:
                    await _save(view, drawn)

                ui.button(words("Save as a new version"), on_click=save).props("flat no-caps")


def _dry_fields(view: View) -> tuple[dict[str, Any], Any]:
    words = view.words
    html(tag("p", words("For a dry run, in which nothing is done:"), cls="muted"))
    with ui.element("div").classes("choices"):
        places = {
            name: ui.input(words.of(text)).props("outlined dense stack-label")
            for name, text in PLACES.items()
        }
        answers = ui.input(words("Given answers")).props("outlined dense stack-label")
        answers.props["hint"] = words("step=answer, separated by commas")
    return places, answers


def _check(view: View, drawn: _Drawn) -> Html:
    words = view.words
    found = views.check(view.visitor, drawn.written)
    if not found["valid"]:
        return flaws(view, found["flaws"])
    ok = words("{name} can run: {n} steps.", name=found["name"], n=len(found["steps"]))
    return join((tag("p", ok, cls="checked"), listed(view, found["steps"])))


async def _dry(view: View, name: str, drawn: _Drawn) -> Html:
    try:
        steps = await views.dry(
            view.desk,
            view.visitor,
            drawn.given(),
            name=name,
            text=drawn.written,
            answers=drawn.answered(),
        )
    except BadPlaybook as error:
        return flaws(view, [one._asdict() for one in error.flaws])
    except AnnulError as error:
        return tag("p", said(view, error), cls="said")
    done = tag("p", view.words("Nothing was done. This is what would be:"), cls="checked")
    return join((done, listed(view, steps)))


async def _save(view: View, drawn: _Drawn) -> None:
    words = view.words
    found = views.check(view.visitor, drawn.written)
    name = str(found["name"])

    async def act(answers: Answers) -> None:
        await acts.write(view.desk, view.visitor, drawn.written, str(answers["reason"]))

    about = words("Runs that go on keep the version with which they were started.")
    title = words("Save {name} as a new version", name=name) if name else words("Save")
    if await ask(view, Form(title, about=about, go=words("Save")), act):
        ui.navigate.to(f"/playbooks/{name}")
