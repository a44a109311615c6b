"""From JSON to frozen dataclasses: what is not known is left out, what is missing is an error."""

import types
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from .errors import UnreadableError

Shape = TypeVar("Shape")


def read(shape: type[Shape], data: Any) -> Shape:
    """Make a dataclass of a JSON object; raises `UnreadableError`."""
    try:
        return _read(shape, data)
    except (TypeError, ValueError, KeyError) as error:
        message = f"this is no {shape.__name__}: {type(error).__name__} {error}"
        raise UnreadableError(message) from error


def _read(shape: Any, data: Any) -> Any:
    origin, inner = get_origin(shape), get_args(shape)
    if origin is None:
        return _plain(shape, data)
    if origin in {Union, types.UnionType}:
        if data is None and types.NoneType in inner:
            return None
        (only,) = (one for one in inner if one is not types.NoneType)
        return _read(only, data)
    if origin is tuple:
        return tuple(_read(inner[0], one) for one in _of(list, data))
    if origin is dict:
        return {str(name): _read(inner[1], value) for name, value in _of(dict, data).items()}
    assert origin is Literal, f"{shape} is in no shape"
    return _of(str, data)  # a newer annul may know more of them


def _plain(shape: Any, data: Any) -> Any:
    if shape is Any:
        return data
    if is_dataclass(shape):
        return _object(shape, data)
    if shape in {datetime, date}:
        return shape.fromisoformat(_of(str, data))
    return float(_of((int, float), data)) if shape is float else _of(shape, data)


def _object(shape: Any, data: Any) -> Any:
    given, values = _of(dict, data), {}
    for name, kind, needed in _fields(shape):
        if name in given:
            values[name] = _read(kind, given[name])
        elif needed:
            raise KeyError(name)
    return shape(**values)


@cache
def _fields(shape: Any) -> tuple[tuple[str, Any, bool], ...]:
    hints = get_type_hints(shape)
    return tuple(
        (one.name, hints[one.name], one.default is MISSING and one.default_factory is MISSING)
        for one in fields(shape)
    )


def _of(kind: Any, data: Any) -> Any:
    if not isinstance(data, kind) or (isinstance(data, bool) and kind is not bool):
        message = f"{type(data).__name__} where {kind} is expected"
        raise TypeError(message)
    return data
