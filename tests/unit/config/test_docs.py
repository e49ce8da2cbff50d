"""docs/configs.md documents every key with its bounds and its default, and no key that does not exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
from annotated_types import Ge, Gt, Le
from pydantic.fields import FieldInfo

from tunegate.config.explain import _branches
from tunegate.config.models import RegionSections
from tunegate.config.section import Section

DOCS = Path(__file__).parents[3] / "docs" / "configs.md"


def leaves(model: type[Section], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every key that holds a value, NAME standing for names of the user's choosing."""
    for name, field in model.model_fields.items():
        key = f"{prefix}{name}"
        below = [(f"{key}.", branch) for branch in _branches(field.annotation)]
        below += [(f"{key}.NAME.", get_args(branch)[1]) for _, branch in below if get_origin(branch) is dict]
        sections = [(at, branch) for at, branch in below if isinstance(branch, type) and issubclass(branch, Section)]
        for at, section in sections:
            yield from leaves(section, at)
        if not sections:
            yield key, field


LEAVES = dict(leaves(RegionSections))


def documented() -> dict[str, list[str]]:
    """Key → cells (bounds, default, meaning) of every table row."""
    rows: dict[str, list[str]] = {}
    for line in DOCS.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| `"):
            for key in re.findall(r"`([^`]+)`", cells[0]):
                assert key not in rows, f"{key} is documented twice"
                rows[key] = cells[1:]
    return rows


def shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value).lower()


def test_every_key_is_documented_and_no_other() -> None:
    assert sorted(documented()) == sorted(LEAVES)


@pytest.mark.parametrize("key", LEAVES)
def test_the_documented_default_is_the_real_one(key: str) -> None:
    field, (_, default, meaning) = LEAVES[key], documented()[key]
    expected = "none" if field.default_factory is not None else "required" if field.is_required() else shown(field.default)
    assert default == expected
    assert len(meaning) > 10


@pytest.mark.parametrize("key", LEAVES)
def test_the_documented_bounds_are_the_real_ones(key: str) -> None:
    field, bounds = LEAVES[key], documented()[key][0]
    low = next((rule.ge for rule in field.metadata if isinstance(rule, Ge)), None)
    above = next((rule.gt for rule in field.metadata if isinstance(rule, Gt)), None)
    high = next((rule.le for rule in field.metadata if isinstance(rule, Le)), None)
    if low is not None:
        assert re.match(rf"{low:g} to {high}\b".replace(".0", ""), bounds)
    elif above is not None:
        assert bounds == f"more than {above}, at most {high:g}"
    for branch in _branches(field.annotation):
        if get_origin(branch) is Literal:
            assert all(f"`{value}`" in bounds for value in get_args(branch))
    assert bounds


def test_every_key_explains_itself_in_errors() -> None:
    assert [key for key, field in LEAVES.items() if not field.description] == []


def test_the_example_at_the_top_is_the_shipped_one() -> None:
    example = DOCS.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    shipped = (DOCS.parents[1] / "configs" / "regions" / "san_francisco.yaml").read_text(encoding="utf-8")
    bare = {line.split(" #")[0].rstrip() for line in shipped.splitlines()}
    assert [line for line in example.splitlines() if line.split(" #")[0].rstrip() not in bare] == []
