"""Parameters and settings, read from the signature of a day function."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from tunegate_simulator.declarations import Argument, Parameter, Setting, check_argument
from tunegate_simulator.errors import DeclarationError

_HOW = "Write `name: Annotated[float, Parameter(low, high, unit, meaning)] = default`, or Setting(unit, meaning)."


def read_signature(function: Callable[..., Any]) -> tuple[Argument, ...]:
    """Every argument after the first, which is the day. Raises DeclarationError for what is not annotated or has no default."""
    place = f"function `{function.__name__}`"
    try:
        hints = get_type_hints(function, include_extras=True)
    except NameError as error:
        remedy = "Define or import it at the top of the module."
        raise DeclarationError("annotations must name what the module knows", error, place, remedy) from error
    arguments = list(inspect.signature(function).parameters.values())[1:]
    read = tuple(_argument(each, hints.get(each.name), place) for each in arguments)
    if not any(isinstance(each.spec, Parameter) for each in read):
        raise DeclarationError("a simulator must have at least one parameter to tune", "none", place, _HOW)
    return read


def _argument(argument: inspect.Parameter, hint: Any, place: str) -> Argument:
    extras = get_args(hint) if get_origin(hint) is Annotated else ()
    specs = [extra for extra in extras[1:] if isinstance(extra, Parameter | Setting)]
    if len(specs) != 1:
        found = "no annotation" if hint is None else hint
        rule = f"`{argument.name}` must be annotated with one Parameter (with its bounds) or one Setting"
        raise DeclarationError(rule, found, place, _HOW)
    if argument.default is inspect.Parameter.empty:
        raise DeclarationError(f"`{argument.name}` must have a default", "none", place, _HOW)
    read = Argument(argument.name, extras[0], argument.default, specs[0])
    check_argument(read)
    return read
