"""Typer that imports Pydantic only for values that must be converted.

Typer converts every value with Pydantic, also text to text and None to None, and importing Pydantic takes longer than most
commands here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

UNCONVERTED = (str, list[str])
F = TypeVar("F", bound=Callable[..., Any])


class _Conversion:
    """Converts the values of one parameter where there is something to convert."""

    def __init__(self, parameter: Any) -> None:
        self._annotation = parameter.type_descriptor.annotation
        self._of_typer = parameter.get_runtime_param

    def coerce(self, value: Any, param: Any, ctx: typer.Context) -> Any:
        """The value as the command's function takes it."""
        if value is None and not (param.multiple or param.nargs == -1):
            return None
        return value if self._annotation in UNCONVERTED else self._of_typer().coerce(value, param=param, ctx=ctx)


def _with_lazy_conversion(parameters: list[Any]) -> list[Any]:
    for parameter in parameters:
        if not isinstance(getattr(parameter, "conversion", None), _Conversion):
            parameter.conversion = conversion = _Conversion(parameter)
            parameter.get_runtime_param = lambda conversion=conversion: conversion
    return parameters


class LazyCommand(TyperCommand):
    """A command whose text arguments are taken as they are."""

    def get_params(self, ctx: Any) -> list[Any]:
        """As Typer's, the option `--help` among them."""
        return _with_lazy_conversion(super().get_params(ctx))


class LazyGroup(TyperGroup):
    """A group of commands, likewise."""

    def get_params(self, ctx: Any) -> list[Any]:
        """As Typer's, the option `--help` among them."""
        return _with_lazy_conversion(super().get_params(ctx))


class LazyTyper(typer.Typer):
    """A Typer application of such commands."""

    def __init__(self, **options: Any) -> None:
        super().__init__(cls=LazyGroup, **options)

    def command(self, name: str | None = None, **options: Any) -> Callable[[F], F]:
        """As Typer's."""
        return super().command(name, cls=LazyCommand, **options)
