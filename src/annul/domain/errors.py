"""The root of every error that annul raises on purpose."""

from inspect import cleandoc
from typing import ClassVar


class AnnulError(Exception):
    """annul could not do what was asked. No money has moved."""

    code: ClassVar[str] = "annul"
    next_step: ClassVar[str] = "Look at the host's log for the same moment."

    def __init__(self, message: str | None = None) -> None:
        """Take `message`, or the first paragraph of the class docstring when there is none."""
        super().__init__(message or cleandoc(type(self).__doc__ or "").partition("\n\n")[0])
