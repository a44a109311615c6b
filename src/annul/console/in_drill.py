"""What a team says in a drill: which cause is at work, whom it has told. On no other console."""

from typing import Final

from annul.desk import drills
from annul.desk.roles import Scope
from annul.diagnose.causes import CAUSES
from annul.domain.drills import BESIDES, Contact

from .frame.forms import Answers, Form, FormField, act_button, ask
from .frame.live import View
from .frame.markup import Html

NAME, TOLD = "name-cause-in-drill", "told-in-drill"
_ABOUT: Final = "about"


def buttons(view: View) -> list[Html]:
    """Give the buttons; none outside a drill, nor for who may not work on incidents."""
    words = view.words
    if not view.desk.drill or not view.may(Scope.INCIDENTS_WRITE):
        return []
    return [
        act_button(words("Name the cause"), NAME),
        act_button(words("Somebody was told"), TOLD),
    ]


async def name_cause(view: View, subject: str = "") -> bool:
    """Ask for the cause, and what it is about unless that is known."""
    words = view.words

    async def act(answers: Answers) -> None:
        about = subject or str(answers[_ABOUT]).strip()
        await drills.name_cause(view.desk, view.visitor, about, str(answers["cause"]))

    causes = {name: words.of(cause.title) for name, cause in CAUSES.items()}
    causes |= {name: words.of(said) for name, said in BESIDES.items()}
    what = FormField("cause", words("Cause"), "choice", choices=causes, needed=True)
    about = words("Scored against the truth; each wrong guess costs half.")
    form = Form(words("Name the cause"), (*_about(view, subject), what), about, reasoned=False)
    return await ask(view, form, act)


async def tell(view: View, subject: str = "") -> bool:
    """Ask who was told, and of what unless that is known."""
    words = view.words

    async def act(answers: Answers) -> None:
        about, contact = subject or str(answers[_ABOUT]).strip(), Contact(str(answers["who"]))
        await drills.told(view.desk, view.visitor, about, contact)

    contacts = {one.value: words.of(one.text) for one in Contact}
    who = FormField("who", words("Who was told"), "choice", choices=contacts, needed=True)
    about = words("In a drill nobody is called; say whom you would have called by now.")
    form = Form(words("Somebody was told"), (*_about(view, subject), who), about, reasoned=False)
    return await ask(view, form, act)


def _about(view: View, subject: str) -> tuple[FormField, ...]:
    if subject:
        return ()
    label = view.words("Number of the issuer or merchant")
    return (FormField(_ABOUT, label, needed=True),)
