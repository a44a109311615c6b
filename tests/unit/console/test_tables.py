"""What tables of the console and messages of the desk say has its Chinese too."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from annul.api.v1.limit import TooMany
from annul.console import shared
from annul.console.account.page import SAID
from annul.console.audit import page as audit
from annul.console.build import pages
from annul.console.cases import list as queue
from annul.console.cases import plain_words
from annul.console.clearing import ends, one_file, plain
from annul.console.clearing import one as one_break
from annul.console.clearing.list import BREAKS
from annul.console.find import answers
from annul.console.frame import errors, keys
from annul.console.frame.icons import ICONS
from annul.console.frame.markup import icon
from annul.console.frame.texts import catalogue
from annul.console.issuers import list as issuers
from annul.console.issuers import one as issuer
from annul.console.issuers import rules, set_up
from annul.console.merchants import list as merchants
from annul.console.merchants import one as merchant
from annul.console.merchants import terminals
from annul.console.money.conclusion import CONCLUSIONS
from annul.console.overview import trouble
from annul.console.people import access
from annul.console.people import page as admin
from annul.console.reference import page as api
from annul.console.shop.signs import SIGNS
from annul.console.till import drawing
from annul.console.till.issuer_panel import Maintenance
from annul.console.till.tills import Tills
from annul.console.transactions import chain
from annul.console.transactions.table import TRANSACTIONS
from annul.desk import outages, permission
from annul.desk.access import NameTaken, UserNotPossible
from annul.desk.audit import ACTS
from annul.desk.checks import Weight
from annul.desk.desk import NothingThere
from annul.desk.find import WholeCard
from annul.desk.merchants import ASKS, REVERSED_VOIDS
from annul.desk.people import LastAdministrator
from annul.desk.roles import Scope
from annul.domain.errors import AnnulError
from annul.domain.money import AmountError
from annul.domain.policies import PolicyKind
from annul.domain.reversal_rules import CONCLUDED
from annul.domain.states import State
from annul.host.outcomes import UNPROVED as UNPROVED_WHY
from annul.resolve import conclusion
from annul.resolve.book import REOPENED
from annul.resolve.case import ENDS
from annul.resolve.people import ACTIONS
from annul.resolve.plan import ASK_SHOP, DROPPED, HELD
from annul.resolve.remedies import PLANS
from annul.resolve.requests import ADVICE_DECLINED, COMPLETED
from annul.resolve.rulings import NOT_ALLOWED
from annul.resolve.second_person import SecondPersonNeeded
from annul.resolve.unproved import TASK
from annul.settings import Settings

_DESK = Path(permission.__file__).parent
_STANDINGS = ("in force", "coming", "overtaken", "past", "withdrawn")
_ORIGINS = ("default", "file", "environment", "command line")


def _raised() -> Iterator[str]:
    """Give each message of the desk's own errors that stands whole in the source."""
    for file in sorted(_DESK.glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
                text = node.exc.args[0]
                if isinstance(text, ast.Constant):
                    yield str(text.value)


def _said() -> Iterator[str]:
    for name, _, unset in rules.RULES.values():
        yield name
        yield from [unset] if unset else []
    yield from (name for name, _ in rules.UNITS.values())
    yield from access.SCOPES.values()
    yield from SAID.values()
    yield from (*answers.NAMES.values(), *api.GROUPS.values())
    yield from (one.said for one in keys.SHORTCUTS)
    yield from (text for wrong in errors.WRONG.values() for text in (wrong.title, wrong.more))
    for _, call in api.calls():
        yield call["summary"]
        yield from (answer["description"] for answer in call["responses"].values())
    yield from (*terminals._WEIGHTS.values(), *terminals._ASKS.values())
    yield from terminals._WANTS.values()
    yield from (*shared.CARD_TYPES.values(), *shared.ORIGINS.values(), *set_up._DUTIES)
    yield from (name for name, _, _ in issuer._SPANS.values())
    yield from (name for name, _ in admin._PARTS.values())
    yield from (name for name, _ in audit._THINGS.values())
    yield from (*_STANDINGS, *_ORIGINS, *_raised())
    for error in (
        permission.NotAllowed,
        permission.ReasonNeeded,
        NameTaken,
        UserNotPossible,
        LastAdministrator,
    ):
        yield str(error())
        yield error.next_step
    yield from (text for text, _ in CONCLUSIONS.values())
    yield from (*merchant._TAKEN_BACK.values(), *merchant._TAKEN_BACK_CHOICES.values())
    yield from (text for text, _ in chain._REVERSALS.values())
    yield from (
        *plain_words._ENDED.values(),
        *plain_words._OF_REFUND.values(),
        *plain_words._OPEN.values(),
        *plain_words._TASKS.values(),
    )
    yield from (*plain_words._OF_COMPLETION.values(), plain_words._COMPLETED)
    yield from shared.STEPS.values()
    yield from (text for _, *texts in trouble.SAID.values() for text in texts)
    for sign in SIGNS.values():
        yield from (sign.title, sign.money)
    yield from queue._NAMES.values()
    yield from (*plain._DIFFERS.values(), *plain._ENDED.values(), *ends._PROVES.values())
    yield from (*one_break._PROOFS.values(), *one_break._CAME.values())
    yield from (name for acts in one_file._ACTS.values() for name, _, _ in acts)
    for listed in (shared.CASES, TRANSACTIONS, BREAKS, merchants.MERCHANTS, issuers.ISSUERS):
        for column in listed.columns:
            yield from (column.head, *(head for head, _ in column.exported))
    for error in (*_conclusion_errors(), SecondPersonNeeded):
        yield str(error())
        yield error.next_step
    yield str(TooMany(1.0))
    yield TooMany.next_step
    for kind in (permission.NotValid, NothingThere, AmountError, WholeCard):
        yield str(kind())
        yield kind.next_step


def _conclusion_errors() -> list[type[AnnulError]]:
    return [
        one
        for one in vars(conclusion).values()
        if isinstance(one, type) and issubclass(one, AnnulError) and one is not AnnulError
    ]


@pytest.mark.parametrize("text", sorted(set(_said())))
def test_what_a_table_says_has_its_chinese(text: str) -> None:
    assert catalogue("zh").get(text)


def test_most_settings_are_explained_in_chinese() -> None:
    described = [one.description for one in Settings.model_fields.values() if one.description]
    known = [text for text in described if text in catalogue("zh")]
    assert len(known) > len(described) * 0.8


def test_every_icon_stands_for_something_and_is_drawn() -> None:
    menu = {page.icon for page in pages(Tills(), Maintenance())} - {""}
    signs = {sign.icon for sign in SIGNS.values()}
    device = {*drawing._ICONS.values(), *(sign for _, _, sign, word in drawing._KEYS if word)}
    within = {"check", "command", "copy", "dash", "dot", "open", "person", "plus", "question"}
    within |= {"search", "star", "theme"}
    assert menu | signs | device | within == set(ICONS)
    for name in ICONS:
        assert icon(name)


def test_tables_are_whole() -> None:
    assert set(access.SCOPES) == set(Scope)
    assert set(rules.RULES) == set(PolicyKind)
    assert set(trouble.SAID) == set(outages.Trouble)
    assert set(terminals._WEIGHTS) == set(terminals._TONES) == set(Weight)
    assert set(terminals._ASKS) == set(terminals._WANTS) == set(ASKS)
    assert set(merchant._TAKEN_BACK) == set(merchant._TAKEN_BACK_CHOICES) == set(REVERSED_VOIDS)
    assert set(shared.TRANSACTION_TONES) == set(State)
    assert set(shared.CASE_TONES) == set(plain_words._ENDED) | {""} == {"", *ENDS}
    assert len(_conclusion_errors()) > 8


@pytest.mark.parametrize(
    "name",
    sorted({
        *State, *ACTIONS, *PLANS, CONCLUDED, UNPROVED_WHY, TASK, ADVICE_DECLINED, COMPLETED,
        ASK_SHOP, DROPPED, HELD, NOT_ALLOWED, REOPENED, "concluded", "conclusion_overtaken",
        "resumed", "proposal_withdrawn",
        *(f"ended_{how}" for how in ENDS), "void_taken_back", "refund_again", "completion_again",
    }),
)  # fmt: skip
def test_what_stands_in_a_table_by_name_is_named_in_both_languages(name: str) -> None:
    assert catalogue("zh").get(name)
    assert catalogue("en").get(name)


def test_every_act_of_the_audit_log_is_named_in_both_languages() -> None:
    written = set()
    for file in sorted(_DESK.glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            called = node.func if isinstance(node, ast.Call) else None
            if isinstance(called, ast.Name) and called.id == "audit":
                written |= {one.value for one in ast.walk(node) if isinstance(one, ast.Constant)}
    assert {"set-policy", "ask-terminal", "new-key"} <= written
    for name in written:
        if isinstance(name, str) and "-" in name:
            assert ACTS[name].zh
            assert ACTS[name].en
