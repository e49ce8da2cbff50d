"""Whatever stands in a region file, the answer is a config or a list of faults: never another exception."""

from __future__ import annotations

import contextlib
import copy
import json
import string
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tunegate.config.loading import load_region
from tunegate.config.region import RegionConfig
from tunegate.domain.errors import BadInput

SCALARS = st.none() | st.booleans() | st.integers(-5, 2**40) | st.floats() | st.text(string.printable, max_size=8) | st.dates()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", min_size=1), inner, max_size=3)
)


def paths(tree: Any, at: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every key path of a tree."""
    if not isinstance(tree, dict):
        return [at]
    return [at, *(path for key, value in tree.items() for path in paths(value, (*at, key)))]


def planted(tree: dict[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    """A copy of the tree with one value replaced."""
    found = copy.deepcopy(tree)
    parent = found
    for part in path[:-1]:
        parent = parent[part]
    parent[path[-1]] = value
    return found


@pytest.fixture
def sound(region_file: Path) -> dict[str, Any]:
    """The sound region file as a tree, read before any example changes the file."""
    tree: dict[str, Any] = yaml.safe_load(region_file.read_text())
    return tree


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_value_anywhere_is_accepted_or_explained(region_file: Path, sound: dict[str, Any], data: st.DataObject) -> None:
    path = data.draw(st.sampled_from([path for path in paths(sound) if path]))
    region_file.write_text(yaml.safe_dump(planted(sound, path, data.draw(VALUES)), allow_unicode=True))
    try:
        config = load_region(region_file)
    except BadInput as refused:
        for fault in refused.faults:
            assert all((fault.rule, fault.value, fault.place, fault.remedy)), fault
    else:
        assert isinstance(config, RegionConfig)
        assert json.dumps(config.as_document(), allow_nan=False)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(string.printable, max_size=60))
def test_any_text_is_accepted_or_explained(region_file: Path, text: str) -> None:
    Path("garbage.yaml").write_text(text)
    with pytest.raises(BadInput):
        load_region("garbage.yaml")


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    override=st.text(string.printable, max_size=30)
    | st.text(string.printable, max_size=12).map(lambda text: f"search.trials={text}")
)
def test_any_override_is_accepted_or_explained(region_file: Path, override: str) -> None:
    with contextlib.suppress(BadInput):
        load_region(region_file, [override])
