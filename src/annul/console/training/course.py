"""A course, on a phone too: lessons, tasks that prove themselves while one works, questions."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from nicegui import events, ui

from annul.console.frame.forms import said as told
from annul.console.frame.live import Part as LivePart
from annul.console.frame.live import View, live
from annul.console.frame.markup import Html, badge, card, details, icon, join, link, tag
from annul.desk import training as views
from annul.domain.courses import Lesson, Part, Progress, Question, Task
from annul.domain.errors import AnnulError

from . import said
from .markdown import markdown

_BEGIN, _ENTER, _ANSWER = "training-begin", "training-enter", "training-answer"
_EVERY_S: Final = 1.0
_AT_LEAST_S: Final = 3.0
# What is typed in is sent as it stands in the field beside the button.
_TYPED: Final = "annulBack = this; emitEvent({event}, {{...{given}, given: this.form.given.value}})"


async def course(view: View) -> None:
    """Show it; live."""
    ui.add_head_html(said.STYLE)
    page = _Page(view, view.params["course"])
    await page.refresh()
    page.listen()
    live(view, page.refresh, every_s=_EVERY_S, at_least_s=_AT_LEAST_S)


class _Page:
    """A course in one browser: `wrong` is what was said of what was entered or answered last."""

    def __init__(self, view: View, name: str) -> None:
        self._view = view
        self._name = name
        self._wrong: dict[str, str] = {}
        self._shown = LivePart(self._build)

    async def refresh(self) -> None:
        """See what is proved by now, and show it."""
        await self._shown.refresh()

    def listen(self) -> None:
        """Do what the buttons ask for."""
        place = ui.context.slot.parent

        def on(event: str, act: Callable[[Mapping[str, Any]], Awaitable[None]]) -> None:
            async def heard(came: events.GenericEventArguments) -> None:
                with place:
                    part = str(came.args["part"])
                    self._wrong.pop(part, None)
                    try:
                        await act(came.args)
                    except AnnulError as error:
                        self._wrong[part] = told(self._view, error)
                    await self.refresh()

            ui.on(event, heard)

        on(_BEGIN, self._begin)
        on(_ENTER, self._enter)
        on(_ANSWER, self._answer)

    async def _begin(self, given: Mapping[str, Any]) -> None:
        await views.begin(self._view.desk, self._view.visitor, self._name, str(given["part"]))

    async def _enter(self, given: Mapping[str, Any]) -> None:
        part, text = str(given["part"]), str(given["given"])[:40]
        await views.enter(self._view.desk, self._view.visitor, self._name, part, text)

    async def _answer(self, given: Mapping[str, Any]) -> None:
        view, part, place = self._view, str(given["part"]), int(given["choice"])
        if not await views.answer(view.desk, view.visitor, self._name, part, place):
            far = await views.look(view.desk, view.visitor, self._name)
            choice = far.course.questions[part].choices[place]
            self._wrong[part] = f"{view.words.of(choice.says)} {view.words.of(choice.why)}"

    # What is shown ------------------------------------------------------------------------------

    async def _build(self) -> Html:
        view = self._view
        far = await views.look(view.desk, view.visitor, self._name)
        words, held = view.words, far.certificate
        title = tag("h1", words.of(far.course.title))
        way = link(words("All courses"), "/training", cls="button")
        head = tag("div", title, said.standing(view, far), tag("span", cls="grow"), way, cls="head")
        done = None
        if held is not None:
            go = link(words("Certificate"), said.there(held), cls="button primary", id="certified")
            done = card(words("You have a certificate"), tag("p", said.held(view, held)), go)
        lessons = [
            self._lesson(far, number, one) for number, one in enumerate(far.course.lessons, 1)
        ]
        about = tag("p", words.of(far.course.about), cls="lead")
        top = (head, about, said.bar(view, far), done, said.elsewhere(view))
        return tag("div", *top, *lessons, cls="stack", id="course")

    def _lesson(self, far: Progress, number: int, lesson: Lesson) -> Html:
        words = self._view.words
        tasks = [self._task(far, one) for one in lesson.tasks]
        asked = [self._question(far, one) for one in lesson.questions]
        text = tag("div", markdown(words.of(lesson.text)), cls="training-text")
        parts = tag("ol", *tasks, *asked, cls="training-tasks")
        return card(f"{number}. {words.of(lesson.title)}", text, parts, cls="spaced")

    def _task(self, far: Progress, task: Task) -> Html:
        words, part = self._view.words, far.parts.get(task.id)
        done = part is not None and part.done_at is not None
        body: list[object] = [tag("p", words.of(task.do))]
        if done and part is not None:
            proof = said.proved(self._view, task, part)
            body = [tag("p", icon("check"), " ", proof, cls="training-proof")]
        elif self._view.desk.training.sandbox and far.open:
            body += self._ways(task, part)
        return self._item(task.id, words.of(task.title), body, part)

    def _ways(self, task: Task, part: Part | None) -> list[object]:
        """Build what one can do about a task that is not done."""
        words = self._view.words
        if part is None:
            return [self._button(words("Begin"), _BEGIN, task.id, "primary")]
        go = link(words("Go there"), task.place, cls="button small", target="_blank")
        hint = details(words("Hint"), tag("p", words.of(task.hint)))
        field = self._field(task) if task.enter.en else None
        return [tag("p", go, cls="row-of-buttons"), field, hint]

    def _field(self, task: Task) -> Html:
        words = self._view.words
        given = {"event": json.dumps(_ENTER), "given": json.dumps({"part": task.id})}
        send = "event.preventDefault(); this.querySelector('button').click()"
        entry = tag("input", name="given", inputmode="numeric", autocomplete="off", maxlength=40)
        check = tag(
            "button", words("Check it"), type="button", cls="button", onclick=_TYPED.format(**given)
        )
        label = tag("label", words.of(task.enter), entry)
        return tag("form", label, check, cls="filters training-enter", onsubmit=send)

    def _question(self, far: Progress, one: Question) -> Html:
        words, part = self._view.words, far.parts.get(one.id)
        right = next(choice for choice in one.choices if choice.right)
        if part is not None and part.done_at is not None:
            proof = (icon("check"), " ", words.of(right.says), " ", words.of(right.why))
            body: list[object] = [tag("p", *proof, cls="training-proof")]
        elif self._view.desk.training.sandbox and far.open:
            body = [
                self._button(
                    words.of(choice.says), _ANSWER, one.id, "training-choice", choice=place
                )
                for place, choice in enumerate(one.choices)
            ]
        else:
            body = [tag("p", words.of(choice.says)) for choice in one.choices]
        return self._item(one.id, words.of(one.ask), body, part)

    def _item(self, name: str, title: str, body: list[object], part: Part | None) -> Html:
        """Build a task or question with how it stands."""
        words = self._view.words
        state = ("done", "good") if part and part.done_at else ("begun", "info")
        shown = badge(words(state[0]), state[1]) if part is not None else None
        wrong = self._wrong.get(name)
        alert = tag("p", wrong, cls="said", role="alert") if wrong else None
        head = tag("h3", title, " ", shown)
        return tag("li", head, join(body), alert, id=f"part-{name.replace('_', '-')}")

    def _button(self, text: str, event: str, part: str, cls: str, **more: int) -> Html:
        given = json.dumps({"part": part, **more})
        script = f"annulBack = this; emitEvent({json.dumps(event)}, {given})"
        return tag("button", text, type="button", cls=f"button {cls}", onclick=script)
