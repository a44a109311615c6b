"""The steps of a case in plain words, for people at a till."""

from typing import Final

STEPS: Final = {
    "": "being looked at",
    "await_outcome": "waiting for the outcome of what is under way",
    "await_original": "the sale itself is finished first",
    "back_off": "a short wait before the next try",
    "retry": "trying the void again",
    "other_route": "trying the void another way",
    "wait_window": "waiting until the bank's maintenance is over",
    "wait_health": "waiting until the bank works again",
    "wait_rule": "waiting until the bank allows it",
    "wait_funds": "waiting until the shop's balance covers it",
    "refund": "refunding it to the card instead",
    "wait_cut_over": "refunding it to the card after the end of the business day",
    "ask_sign_in": "the terminal is asked to sign in again",
    "ask_parameters": "the terminal is asked to download its settings",
    "ask_update": "the terminal is asked to update its software",
    "wait_terminal": "waiting for the terminal",
    "wait_set_up": "waiting until the terminal's settings are put right",
    "ask_person": "a person at the acquirer looks after it",
    "order_dropped": "being looked at",
    "not_allowed": "waiting until a rule allows it",
    "ask_shop": "the shop says whether it still wants the void: do it again at the till, or "
    "withdraw it",
}


def said(step: str) -> str:
    """Give the English words of a step, which are the catalogue's key."""
    return STEPS.get(step, STEPS[""])
