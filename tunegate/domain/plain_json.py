"""Frozen dataclasses as plain JSON values and back, bit for bit.

JSON has no NaN and no infinity: a number that is not finite becomes the text `nan`, `inf` or `-inf`. The classes of a union
have a class variable `KIND`, which is stored as `kind` beside their fields.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from functools import cache
from itertools import repeat
from types import NoneType
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

from tunegate.domain.canonical import JSON_KEY
from tunegate.domain.parameters import Parameters

Document = dict[str, Any]
T = TypeVar("T")


def plain(value: object) -> Any:
    """A frozen dataclass, and all that is in it, as plain JSON values."""
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        tag = {"kind": value.KIND} if hasattr(value, "KIND") else {}
        return tag | {key: plain(getattr(value, name)) for key, name in _names(type(value)).items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def from_plain(kind: type[T], stored: Any) -> T:
    """The value of this type that `plain` wrote. Raises KeyError, TypeError or ValueError for anything else."""
    return cast("T", _read(kind, stored))


def _read(kind: Any, stored: Any) -> Any:
    if isinstance(kind, type):
        return _read_value(kind, stored)
    arguments = get_args(kind)
    if get_origin(kind) is tuple:
        kinds = repeat(arguments[0], len(stored)) if arguments[-1] is Ellipsis else arguments
        return tuple(_read(each, item) for each, item in zip(kinds, stored, strict=True))
    if get_origin(kind) is Mapping:
        return {_read(arguments[0], key): _read(arguments[1], item) for key, item in stored.items()}
    return _read_union(arguments, stored)


def _read_value(kind: type, stored: Any) -> Any:
    if kind is float:
        return _number(stored)
    if kind is Parameters:
        return Parameters({name: _number(value) for name, value in stored.items()})
    if is_dataclass(kind):
        names, types = _names(kind), _types(kind)
        return kind(**{names[key]: _read(types[names[key]], item) for key, item in stored.items()})
    if issubclass(kind, Enum):
        return kind(stored)
    return kind.fromisoformat(stored) if issubclass(kind, date) else stored


def _read_union(members: Sequence[Any], stored: Any) -> Any:
    """None, the class that `kind` names, the one type beside None, or a value that JSON keeps as it is."""
    if stored is None and NoneType in members:
        return None
    tagged = {member.KIND: member for member in members if hasattr(member, "KIND")}
    if tagged:
        fields_of_kind = dict(stored)
        kind = fields_of_kind.pop("kind")
        if kind not in tagged:
            raise ValueError(f"the kind must be one of {', '.join(tagged)}, but got {kind!r}")
        return _read(tagged[kind], fields_of_kind)
    others = [member for member in members if member is not NoneType]
    return _read(others[0], stored) if len(others) == 1 else stored


def _number(stored: Any) -> float:
    """A number as it was stored; an integer stays one, so that writing it again gives the same bytes."""
    if isinstance(stored, bool) or not isinstance(stored, int | float | str):
        raise TypeError(f"a number must be stored as one, but got {stored!r}")
    return float(stored) if isinstance(stored, str) else stored


@cache
def _types(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


@cache
def _names(kind: type) -> dict[str, str]:
    """The name of every field that is stored, by its key in JSON."""
    keys = {field.name: field.metadata.get(JSON_KEY, field.name) for field in fields(kind)}
    return {key: name for name, key in keys.items() if key is not None}
