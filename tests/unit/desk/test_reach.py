"""Each question and act of the desk: of all cells, of the merchant's own, or of the first one."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, Final

import annul.desk

# What goes to every cell: answers are put together, what all have in common is changed in each.
_ALL: Final = {
    "accounts": {"waiting_accounts", "waiting_moves"},
    "acts": {"lessons", "undo_lesson"},
    "audit": {"log"},
    "batches": {"search"},
    "capacity": {"reports"},
    "cases": {"chosen", "counts", "manual", "search", "to_approve"},
    "chargeback_proposals": {"proposed"},
    "chargebacks": {"by_deadline", "of_transactions", "search", "sums"},
    "choices": {"choices", "the_one"},
    "break_ends": {"ends"},
    "break_rows": {"told_of"},
    "break_sheets": {"apply", "export", "import_"},
    "breaks": {"assign", "assign_one", "found", "resolve_many", "search", "sums"},
    "clearing": {
        *("bad_lines", "commit", "differences", "drop", "files", "find", "preview", "read"),
    },
    "clearing_acts": {"again", "confirm", "counted", "discard", "preview", "reject"},
    "clearing_expected": {"expected"},
    "clearing_reading": {"take_in"},
    "clearing_cells": {"cells_of", "in_each"},
    "clearing_rules": {"change", "confirm", "reject"},
    "conclusions": {"in_question", "sums"},
    "dialects": {"put", "roll_back"},
    "find": {"find"},
    "incidents": {"downtimes", "found"},
    "interventions": {"begin", "confirm", "end", "find", "listing"},
    "playbook_acts": {"write"},
    "playbooks": {"runs"},
    "issuer_course": {"course"},
    "issuers": {
        *("listing", "recent", "links", "incidents"),
        *("set_policy", "end_policy", "set_meaning", "end_meaning", "put_contact", "end_contact"),
    },
    "merchants": {"search"},
    "orders": {"waiting"},
    "outages": {"outages"},
    "over_cells": {"each", "share_people"},
    "overview": {"alerts", "by_cause", "course", "issuers", "open_of", "promise"},
    "payouts": {"glance", "search", "waiting"},
    "people": {"add_user", "change_role", "new_key"},  # of a merchant in whichever cell
    "advice": {"helped", "own"},
    "reports": {"report", "written"},
    "shop": {"shops"},
    "transactions": {"search"},
    "webhooks": {"every"},
}
# What is asked or done where its merchant lives.
_MERCHANT: Final = {
    "accounts": {
        *("accounts", "ask_account", "reject_account", "stop_account", "use_account"),
        *("use_account_again", "approve_move", "move", "moves", "one_move", "reject_move"),
    },
    "acts": {"act", "second_person_from"},
    "advice": {"answer"},
    "batches": {"bookings", "resolve"},
    "breaks": {"confirm", "find", "one_of_many", "reject", "resolve"},
    "cases": {"find", "opened", "printed", "proved", "whole"},
    "chargeback_acts": {
        *("act", "add_evidence", "assign", "confirm", "open_", "read_evidence", "reject"),
    },
    "chargeback_proposals": {"dismiss", "take_up"},
    "chargebacks": {"document", "find", "home", "transaction_named"},
    "conclusions": {"concludable", "confirm", "evidence", "of", "propose", "withdraw"},
    "cut_overs": {"cut_overs", "set_cut_over", "today"},
    "fees": {"difference", "margin", "schedule", "set_price"},
    "incidents": {"find"},
    "incident_acts": {
        *("acknowledge", "close", "learn", "merge", "note", "own", "reopen", "split"),
    },
    "merchants": {"allow", "ask", "find", "terminals"},
    "playbook_acts": {
        *("answer", "confirm", "do", "propose", "skip", "start", "stop", "undo"),
    },
    "playbooks": {"run"},
    "orders": {"approve", "one", "order", "reject"},
    "payouts": {"approve", "cancel", "find"},
    "statements": {"statement"},
    "settlement": {"days", "reserves", "set_terms", "terms"},
    "over_cells": {"acting", "homes", "introduce", "sent_here", "serving"},
    "shop": {"find", "today"},
    "surroundings": {"around"},
    "terminal_dialects": {"set_dialect"},
    "till": {"at_till"},
    "transactions": {"chain", "kept"},
    "webhooks": {"add", "attempts", "end", "find", "replay"},
}
# What only the first cell is asked, and in a word why.
_HOME: Final = {
    "people": {  # they sign in there
        "account": {
            *("change_password", "choose", "end_session", "prove", "sessions"),
            "sign_out_everywhere",
        },
        "breaks": {"workers"},
        "clearing": {"forget_map", "look_at", "maps", "save_map"},  # by who signs in there
        "exported": {"exported"},
        "people": {"end_key", "set_active"},
        "reset_links": {"make", "owner", "use"},
        "saved": {"keep", "of"},
        "training": {
            "answer",
            "begin",
            "certificate",
            "enter",
            "everybody",
            "look",
            "mine",
            "printed",
        },
        "second_factor": {"check", "enrol", "remove", "removed", "standing"},
    },
    "shared": {  # it is changed in every cell, so the first one's says it
        "dialects": {"find", "known", "listing"},
        "clearing_rules": {"in_force", "versions"},
        "issuers": {"contacts", "find", "meanings", "policies"},
        "playbooks": {"dry", "find", "found"},
        "terminal_dialects": {"choices"},
    },
    "learnt": {  # each cell learns from its own journal
        "whatif": {"tried"},
        "learnt": {"adopt", "answers", "dismiss", "rules", "suspect"},
    },
    "line": {  # each cell has one of its own, and its keys
        "issuer_keys": {"ask_for_keys", "keys", "load_key", "set_profile"},
        "issuer_links": {"issuer", "set_link", "settings"},
        "issuers": {"probe", "routes"},
        "notices": {
            *("add_channel", "add_duty", "change_channel", "channels", "end_duty", "end_step"),
            *("log", "owed", "rota", "set_step", "steps", "stop_channel", "try_channel", "week"),
        },
        "report_mails": {"add", "every", "own", "remove", "send", "subscribe"},
        "payouts": {"confirm_file", "read", "read_files", "run", "sent_files", "take_file"},
    },
    "sandbox": {"drills": {"name_cause", "told"}},  # a drill has one cell
    "kept": {"drills": {"find", "printed", "runs"}},  # where annul drill is told to
    "demo": {"pos": {"announce", "announced", "cases", "issuers", "merchants", "withdraw"}},
    "given": {  # a part of what stands above, with the desk or connection of its cell
        "audit": {"audit", "audit_read"},
        "clearing_cells": {"rules_of"},
        "orders": {"given_back", "propose_limit"},
        "permission": {"permit"},
        "capacity": {"planned"},
        "terminal_dialects": {"check_dialect"},
    },
}
_HERE: Final = "annul.desk"


def _modules() -> Iterator[ModuleType]:
    for found in pkgutil.iter_modules(annul.desk.__path__):
        yield importlib.import_module(f"{_HERE}.{found.name}")


def _public() -> dict[str, Callable[..., Any]]:
    return {
        f"{module.__name__.removeprefix(f'{_HERE}.')}.{name}": found
        for module in _modules()
        for name, found in vars(module).items()
        if not name.startswith("_")
        and callable(found)
        and getattr(found, "__module__", "") == module.__name__
        and inspect.iscoroutinefunction(inspect.unwrap(found))
    }


def _names(said: dict[str, set[str]]) -> set[str]:
    return {f"{module}.{name}" for module, names in said.items() for name in names}


def _reaches(function: Any, seen: set[Any]) -> bool:
    """Say whether a function, or what it calls within the desk, goes over the cells."""
    if function in seen:
        return False
    seen.add(function)
    if "over_cells.py" in function.__code__.co_filename:
        return True
    return any(_reaches(called, seen) for called in _called(function))


def _called(function: Any) -> Iterator[Any]:
    known, codes = function.__globals__, [function.__code__]
    while codes:
        code = codes.pop()
        codes += [one for one in code.co_consts if inspect.iscode(one)]
        for name in code.co_names:
            for place in (known, *(vars(one) for one in known.values() if _is_room(one))):
                found = place.get(name)
                if inspect.isfunction(found) and found.__module__.startswith(_HERE):
                    yield found


def _is_room(thing: Any) -> bool:
    return inspect.ismodule(thing) and thing.__name__.startswith(_HERE)


def test_everything_says_how_far_it_reaches() -> None:
    """Once, and nothing is said of what is not there any more."""
    home = [name for said in _HOME.values() for name in _names(said)]
    told = [*_names(_ALL), *_names(_MERCHANT), *home]
    assert sorted(told) == sorted(_public())


def test_what_is_said_is_so() -> None:
    reach = {name for name, function in _public().items() if _reaches(function, set())}
    assert reach == _names(_ALL) | _names(_MERCHANT)
