"""What people do with chargebacks on their pages: dialogs that say what the money does first."""

from collections.abc import Mapping
from typing import Any, Final

from uuid_utils.compat import uuid7

from annul.console.frame.forms import Answers, Form, FormField, ask, minor, moment
from annul.console.frame.live import View
from annul.desk import chargeback_acts as acting
from annul.desk.chargeback_acts import Wanted
from annul.desk.permission import NotValid
from annul.domain.chargebacks import ACTS, REASONS, Act, Effect, Reason, Stage, move

from .said import Row, amount

# The page's events of the buttons.
ENTER, STEP, CONFIRM, REJECT, TAKE = (
    *("enter-chargeback", "step-chargeback", "confirm-chargeback", "reject-chargeback"),
    "assign-chargeback",
)
_EFFECTS: Final[Mapping[Effect, str]] = {
    Effect.NOTHING: "No money moves.",
    Effect.HOLD: "What stands of {amount} is taken from the merchant and held.",
    Effect.RETURN: "What is held goes back to the merchant.",
    Effect.PAY: "What is held goes to the issuer. That cannot be taken back.",
}


def consequence(view: View, row: Row, act: Act) -> str:
    """Say what the money does when this is done."""
    step = move(Stage(row["stage"]), act)
    effect = step.effect if step is not None else Effect.NOTHING
    if effect in {Effect.RETURN, Effect.PAY} and row["money"] != "held":
        effect = Effect.NOTHING
    return view.words(_EFFECTS[effect], amount=amount(view, row))


async def enter(view: View) -> bool:
    """Ask what an issuer claims, and enter it; says if it was done."""
    words = view.words
    begins = {one.value: words.of(ACTS[one]) for one in (Act.CHARGE_BACK, Act.REQUEST)}
    reasons = {one.value: words.of(text) for one, text in REASONS.items()}
    all_of_it = words("Empty: all of the transaction.")
    deadline = words("The network's own, if it gives one; else that of the settings.")
    fields = (
        FormField("begins", words("What came"), "choice", Act.CHARGE_BACK.value, begins),
        FormField("number", words("Number of the network"), needed=True),
        FormField("transaction", words("Reference number of the transaction"), needed=True),
        FormField("claims", words("Why the issuer claims it"), "choice", "", reasons, needed=True),
        FormField("amount", words("Amount"), hint=all_of_it),
        FormField("due", words("Deadline"), "when", hint=deadline),
    )

    async def act(answers: Answers) -> str:
        wanted = _wanted(view, answers)
        _, stage = await acting.open_(view.desk, view.visitor, wanted, str(answers["reason"]))
        waits = stage == Stage.NOTED
        return words("It waits for a second person now.") if waits else words("It is entered.")

    warn = words("A first chargeback takes what stands of it from the merchant and holds it.")
    title = words("Enter a chargeback")
    return await ask(view, Form(title, fields, warn=warn, go=words("Enter it")), act)


def _wanted(view: View, answers: Answers) -> Wanted:
    text = str(answers["amount"] or "").strip()
    claimed = minor(text) if text else 0
    if text and not claimed:
        raise NotValid("the amount must be above zero")
    return Wanted(
        uuid7(),
        str(answers["number"]),
        str(answers["transaction"]).strip(),
        Reason(answers["claims"]),
        claimed,
        Act(answers["begins"] or Act.CHARGE_BACK),
        due_at=moment(answers["due"], view.desk.zone),
    )


async def step(view: View, row: Row, given: Mapping[str, Any]) -> bool:
    """Ask for the reason and do the next thing; says if it was done."""
    words, what = view.words, Act(str(given["act"]))
    fields: tuple[FormField, ...] = ()
    after = move(Stage(row["stage"]), what)
    if after is not None and after.deadline:
        hint = words("The network's own, if it gives one; else that of the settings.")
        fields = (FormField("due", words("Deadline"), "when", hint=hint),)

    async def act(answers: Answers) -> str:
        due_at = moment(answers.get("due"), view.desk.zone)
        said = (row["id"], what, str(answers["reason"]), due_at)
        stage = await acting.act(view.desk, view.visitor, *said)
        waits = stage == row["stage"]
        return words("It waits for a second person now.") if waits else words("Done")

    title = words.of(ACTS[what])
    about = f"{row['number']} · {amount(view, row)}"
    return await ask(view, Form(title, fields, about, consequence(view, row, what)), act)


async def confirm(view: View, row: Row) -> bool:
    """Ask for the reason and let it happen, as second person; says if it was done."""
    words, what = view.words, Act(row["asked"])

    async def act(answers: Answers) -> None:
        await acting.confirm(view.desk, view.visitor, row["id"], str(answers["reason"]))

    form = Form(
        words("Confirm: {what}", what=words.of(ACTS[what])),
        about=f"{row['number']} · {amount(view, row)}",
        warn=consequence(view, row, what),
        go=words("Confirm"),
    )
    return await ask(view, form, act)


async def reject(view: View, row: Row) -> bool:
    """Ask for the reason and let it come to nothing; says if it was done."""
    words = view.words

    async def act(answers: Answers) -> None:
        await acting.reject(view.desk, view.visitor, row["id"], str(answers["reason"]))

    what = words.of(ACTS[Act(row["asked"])])
    form = Form(words("Reject: {what}", what=what), about=words("No money moves."))
    return await ask(view, form, act)


async def take(view: View, row: Row) -> bool:
    """Ask who works on it; says if it was done."""
    words = view.words
    hint = words("Empty: nobody.")
    fields = (FormField("owner", words("Handled by"), value=view.visitor.name, hint=hint),)

    async def act(answers: Answers) -> None:
        owner = str(answers["owner"]).strip()
        await acting.assign(view.desk, view.visitor, row["id"], owner)

    return await ask(view, Form(words("Who works on it"), fields), act)
