"""From JSON to models: what is not known is left out, what is missing or does not fit is told."""

from typing import Final, TypeVar

from pydantic import ValidationError

from .errors import UnreadableError
from .models.parts import Model

Answer = TypeVar("Answer", bound=Model)
_MOST: Final = 9  # faults that are told


def read(model: type[Answer], content: bytes | str) -> Answer:
    """Read JSON; raises `UnreadableError`, which names the places and not what stood there."""
    try:
        return model.model_validate_json(content, strict=True, by_alias=False, by_name=True)
    except ValidationError as error:
        faults = [
            ": ".join(filter(None, (".".join(map(str, one["loc"])), one["msg"])))
            for one in error.errors(include_url=False, include_context=False, include_input=False)
        ]
        more = f"; {len(faults) - _MOST} more" if len(faults) > _MOST else ""
        message = f"this is no {model.__name__}: {'; '.join(faults[:_MOST])}{more}"
        raise UnreadableError(message) from error
