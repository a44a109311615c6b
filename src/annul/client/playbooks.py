"""What can be asked of annul about playbooks and their runs."""

from collections.abc import Iterator, Mapping
from uuid import uuid4

from .models.playbooks import (
    CheckedPlaybook,
    DryRun,
    Playbook,
    PlaybookRun,
    WholePlaybook,
    WholePlaybookRun,
)
from .transport import Transport

_PAGE = 100


class Playbooks:
    """Playbooks read, checked, tried dry; runs started and carried on. No step is done twice.

    `about` says what a run is about: `issuer`, `merchant`, `terminal`.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self) -> Iterator[Playbook]:
        """Give playbooks, by name."""
        return self._transport.pages(Playbook, "playbooks")

    def get(self, name: str) -> WholePlaybook:
        """Give a playbook with its text, steps and versions."""
        return self._transport.get(WholePlaybook, "playbooks", name)

    def check(self, text: str) -> CheckedPlaybook:
        """Say what is wrong with a text."""
        body = {"text": text}
        path = ("playbooks", "check")
        return self._transport.call(CheckedPlaybook, "POST", *path, body=body, harmless=True)

    def dry(
        self,
        name: str = "",
        *,
        text: str = "",
        answers: Mapping[str, str | int] | None = None,
        **about: str,
    ) -> DryRun:
        """Say what a playbook, or a text, would see and do now."""
        body = {"name": name, "text": text, "about": about, "answers": dict(answers or {})}
        path = ("playbooks", "dry")
        return self._transport.call(DryRun, "POST", *path, body=body, harmless=True)

    def start(
        self, name: str, reason: str, *, incident: str = "", **about: str
    ) -> WholePlaybookRun:
        """Start a run, of an incident or without one."""
        body = {"incident": incident, "about": about, "reason": reason}
        path = ("playbooks", name, "runs")
        return self._transport.call(WholePlaybookRun, "POST", *path, body=body, key=str(uuid4()))

    def runs(self, **wanted: str) -> Iterator[PlaybookRun]:
        """Give runs, the latest first; by state (also `live`), playbook, incident."""
        return self._transport.pages(PlaybookRun, "playbook-runs", limit=_PAGE, **wanted)

    def run(self, number: str) -> WholePlaybookRun:
        """Give a run with its steps and its journal."""
        return self._transport.get(WholePlaybookRun, "playbook-runs", number)

    def answer(
        self, number: str, step: str, value: str | int, reason: str = ""
    ) -> WholePlaybookRun:
        """Answer the question where it stands; an amount in minor units."""
        return self._act(number, "answer", {"step": step, "value": value, "reason": reason})

    def do(self, number: str, step: str, reason: str = "") -> WholePlaybookRun:
        """Do the step where it stands, or say that it is done."""
        return self._act(number, "do", {"step": step, "reason": reason})

    def propose(self, number: str, step: str, reason: str) -> WholePlaybookRun:
        """Propose the act where it stands, which takes two people."""
        return self._act(number, "propose", {"step": step, "reason": reason})

    def confirm(self, number: str, step: str, reason: str = "") -> WholePlaybookRun:
        """Confirm what somebody else has proposed."""
        return self._act(number, "confirm", {"step": step, "reason": reason})

    def skip(self, number: str, step: str, reason: str) -> WholePlaybookRun:
        """Go on without the step where it stands."""
        return self._act(number, "skip", {"step": step, "reason": reason})

    def stop(self, number: str, reason: str) -> WholePlaybookRun:
        """Go on no more with a run."""
        return self._act(number, "stop", {"reason": reason})

    def undo(self, number: str, reason: str) -> WholePlaybookRun:
        """Undo what a run did, the last first."""
        return self._act(number, "undo", {"reason": reason})

    def _act(self, number: str, act: str, body: Mapping[str, object]) -> WholePlaybookRun:
        """Act; what has been done already is not done again, so that this may be repeated."""
        path = ("playbook-runs", number, act)
        return self._transport.call(WholePlaybookRun, "POST", *path, body=body, harmless=True)
