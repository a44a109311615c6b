"""From JSON to models: what is not known is left out, what is missing or does not fit is told."""

from typing import TypeVar

from pydantic import ValidationError

from .errors import UnreadableError
from .models.parts import Model

Answer = TypeVar("Answer", bound=Model)


def read(model: type[Answer], content: bytes | str) -> Answer:
    """Read JSON; raises `UnreadableError`, which names the places and not what stood there."""
    try:
        return model.model_validate_json(content, strict=True, by_alias=False, by_name=True)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, one['loc']))}: {one['msg']}".removeprefix(": ")
            for one in error.errors(include_url=False, include_context=False, include_input=False)
        )
        message = f"this is no {model.__name__}: {faults}"
        raise UnreadableError(message) from error
