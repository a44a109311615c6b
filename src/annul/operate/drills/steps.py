"""What was done in playbooks of a drill: steps that people carried out, or let annul carry out."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from annul.domain.drills import Contact, Did
from annul.domain.interventions import InterventionKind

# Whom a step tells, or which call its answer comes from.
TELLS: Final[Mapping[tuple[str, str], tuple[Contact, ...]]] = {
    ("balance_low", "reach"): (Contact.SHOP,),
    ("batches_differ", "answer"): (Contact.SHOP,),
    ("clearing_file_wrong", "ask_again"): (Contact.NETWORK,),
    ("clearing_file_wrong", "hold"): (Contact.DUTY,),
    ("database_lost", "own"): (Contact.DUTY,),
    ("issuer_down", "network"): (Contact.NETWORK,),
    ("issuer_down", "own"): (Contact.DUTY,),
    ("issuer_down", "why"): (Contact.ISSUER,),
    ("keys_out_of_step", "support"): (Contact.DUTY, Contact.SHOP),
    ("line_down", "report"): (Contact.NETWORK, Contact.ISSUER),
    ("rules_changed", "confirmed"): (Contact.ISSUER,),
    ("terminal_suspected", "shop"): (Contact.SHOP,),
    ("voids_fail", "cause"): (Contact.ISSUER,),
    ("wrong_software", "support"): (Contact.DUTY, Contact.SHOP),
}
# Which cause an answer names.
NAMES: Final[Mapping[tuple[str, str, str], str]] = {
    ("clearing_file_wrong", "what", "wrong"): "clearing_file_wrong",
    ("issuer_down", "why", "fault"): "issuer_down",
    ("issuer_down", "why", "maintenance"): "issuer_maintenance",
}
# What a step of a playbook does, in the words of what people do without one.
DOES: Final[Mapping[str, str]] = {
    "allow_refunds": InterventionKind.REFUNDS_INSTEAD,
    "ask_parameters": "ask-terminal",
    "ask_sign_in": "ask-terminal",
    "block_terminal": InterventionKind.TERMINAL_BLOCKED,
    "freeze_merchant": InterventionKind.MERCHANT_FROZEN,
    "open_circuit": InterventionKind.CIRCUIT_OPEN,
    "pause_retries": InterventionKind.RETRIES_PAUSED,
    "route_around": InterventionKind.ROUTE_AROUND,
    "update_software": "ask-terminal",
}


def meant(row: Mapping[str, Any], act: str) -> Iterator[tuple[Did, str]]:
    """Say what a step that was done amounts to; `act` is what it does, if it is an act."""
    step = (row["playbook"], row["step"])
    for contact in TELLS.get(step, ()):
        yield Did.TOLD, contact.value
    cause = NAMES.get((*step, str(row["result"].get("answer", ""))))
    if cause:
        yield Did.NAMED, cause
    if act in DOES:
        yield Did.ACTED, DOES[act]
        if row["confirmed_by"]:
            yield Did.CONFIRMED, DOES[act]
