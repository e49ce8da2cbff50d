"""Pydantic's errors as faults: rule, value, place with file and line, and remedy."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from tunegate.config.document import Document, Key
from tunegate.config.models import RETIRED, RegionSections
from tunegate.config.rules import mixes_period_kinds
from tunegate.domain.errors import Fault

_BOUNDS = {
    "greater_than": ("gt", "be more than"),
    "greater_than_equal": ("ge", "be at least"),
    "less_than": ("lt", "be less than"),
    "less_than_equal": ("le", "be at most"),
}
_TYPES = {
    "int_type": "be a whole number",
    "float_type": "be a number",
    "bool_type": "be true or false",
    "string_type": "be text",
    "list_type": "be a list",
    "dict_type": "be a mapping",
    "model_type": "be a mapping",
    "model_attributes_type": "be a mapping",
    "finite_number": "be a finite number",
    "value_error": "be a date, YYYY-MM-DD",
    "string_pattern_mismatch": "be small letters, digits and underscores, beginning with a letter, at most 63",
}


def explain(error: ValidationError, document: Document) -> tuple[Fault, ...]:
    """One fault per place, in the order of the models."""
    found: dict[Key, list[ErrorDetails]] = {}
    hidden = "periods" if mixes_period_kinds(document.tree) else None
    for detail in error.errors(include_url=False):
        if detail["loc"][0] != hidden:
            found.setdefault(_key(detail["loc"], document.tree), []).append(detail)
    return tuple(_fault(key, details, document) for key, details in found.items())


def _fault(key: Key, details: Sequence[ErrorDetails], document: Document) -> Fault:
    """One fault of one key; a union gives details for each of its branches, any of which would do."""
    detail, name, place = details[0], key[-1] if key else "the config", document.place(key)
    if detail["type"] == "extra_forbidden":
        return Fault(
            "a key must be one that is known here", f"`{name}`", place, _did_you_mean(name, _known_keys(key[:-1], document))
        )
    if detail["type"] == "missing":
        return Fault(f"`{name}` must be given", "nothing", place, _remedy(key, "Add it"))
    if detail["type"] == RETIRED:
        remedy = "Write `sampler: tpe`: nothing that was measured is better (docs/search.md)."
        return Fault("a sampler must be one that ships", f"{_shown(detail['input'])}, which was removed", place, remedy)
    demands = dict.fromkeys(map(_demand, details))
    if {_TYPES["float_type"], _TYPES["finite_number"]} & demands.keys():
        demands.pop(_TYPES["int_type"], None)
    return Fault(f"`{name}` must {' or '.join(demands)}", _shown(detail["input"]), place, _remedy(key, "Correct it"))


def _demand(detail: ErrorDetails) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind in _BOUNDS:
        name, words = _BOUNDS[kind]
        return f"{words} {context[name]:g}" if isinstance(context[name], float) else f"{words} {context[name]}"
    if kind == "literal_error":
        return f"be one of {context['expected']}"
    if kind in {"too_short", "string_too_short"}:
        return "not be empty"
    return _TYPES.get(kind, f"be valid ({detail['msg']})")


def _shown(value: object) -> str:
    text = "nothing" if value is None else str(value) if not isinstance(value, str) else repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _remedy(key: Key, advice: str) -> str:
    """Advice with what the key means, from the field's description."""
    described = _field(key)
    return f"{advice}: {described.description}." if described and described.description else f"{advice}; see docs/configs.md."


def _did_you_mean(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f"Did you mean `{close[0]}`?" if close else f"Known here: {', '.join(known)}."


def _key(location: tuple[int | str, ...], tree: Mapping[str, Any]) -> Key:
    """The key path of an error, without the names pydantic adds for the branches of a union.

    Such a name stands where the tree has nothing of that name and the path goes on or ends in it without being a field.
    """
    key: list[str] = []
    for part in map(str, location):
        if key == ["periods"] and part in {"fixed", "relative"}:
            continue
        if _field((*key, part)) is None and _is_leaf(tuple(key)) and not _lookup(tree, (*key, part)):
            continue
        key.append(part)
    return tuple(key)


def _is_leaf(key: Key) -> bool:
    """Whether the models know the key and it holds a plain value: what follows in an error names a branch of a union."""
    field = _field(key)
    return field is not None and not any(_is_container(branch) for branch in _branches(field.annotation))


def _lookup(tree: Any, key: Key) -> bool:
    for part in key:
        if not isinstance(tree, Mapping) or part not in tree:
            return False
        tree = tree[part]
    return True


def _known_keys(key: Key, document: Document) -> list[str]:
    """The keys the models know directly under `key`, `extends` among them at the top."""
    models = _models_at(key)
    if key == ("periods",):
        given = _period_keys(document.tree)
        models = [model for model in models if set(model.model_fields) & given] or models
    return [name for model in models for name in model.model_fields] + ([] if key else ["extends"])


def _period_keys(tree: Mapping[str, Any]) -> set[str]:
    section = tree.get("periods")
    return set(section) if isinstance(section, Mapping) else set()


def _models_at(key: Key) -> list[type[BaseModel]]:
    """The models that may stand at a key path; several where there is a union."""
    if not key:
        return [RegionSections]
    field = _field(key)
    if field is None:
        return []
    return [branch for branch in _branches(field.annotation) if isinstance(branch, type) and issubclass(branch, BaseModel)]


def _field(key: Key) -> FieldInfo | None:
    """The model field at a key path; for a member of an open mapping a field that stands for its values."""
    models: list[type[BaseModel]] = [RegionSections]
    field: FieldInfo | None = None
    for part in key:
        field = next((model.model_fields[part] for model in models if part in model.model_fields), None) or _member(field)
        if field is None:
            return None
        models = [
            branch for branch in _branches(field.annotation) if isinstance(branch, type) and issubclass(branch, BaseModel)
        ]
    return field


def _member(field: FieldInfo | None) -> FieldInfo | None:
    """What stands for the values of a mapping or the items of a list: their type, and the mapping's description."""
    if field is None:
        return None
    for branch in _branches(field.annotation):
        if get_origin(branch) in {dict, list}:
            return FieldInfo(annotation=get_args(branch)[-1], description=field.description)
    return None


def _branches(annotation: Any) -> list[Any]:
    """The branches of a union, stripped of `Annotated`; None's own branch left out."""
    if get_origin(annotation) is Annotated:
        return _branches(get_args(annotation)[0])
    if get_origin(annotation) in {Union, UnionType}:
        return [plain for branch in get_args(annotation) for plain in _branches(branch) if plain is not NoneType]
    return [annotation]


def _is_container(branch: Any) -> bool:
    return get_origin(branch) in {dict, list} or (isinstance(branch, type) and issubclass(branch, BaseModel))
