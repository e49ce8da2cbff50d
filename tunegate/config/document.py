"""Reading YAML into one plain tree that remembers where every value was written.

A region file may extend another: mappings are merged key by key and the region wins, a null removes an inherited parameter,
setting or guardrail, and everything else replaces. Every fault of the text itself (syntax, duplicate keys, impossible dates)
is reported with its line.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from tunegate.domain.errors import BadInput, Fault

Key = tuple[str, ...]
Tree = dict[str, Any]

# Where keys are names of the user's choosing, and an inherited one may be unwanted.
_OPEN_MAPPINGS = frozenset(
    {
        ("search", "space"),
        ("production",),
        ("gate", "guardrails"),
        ("simulator", "settings"),
        ("worlds", "stress"),
        ("rollout_plan", "switchback", "guardrails"),
    }
)
_EXTENDS = "extends"
_DEEPEST = 8
COMMAND_LINE = "--set"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value was written. `folder` is what relative paths in it start from."""

    where: str
    folder: Path


@dataclass(frozen=True, slots=True)
class Override:
    """A parsed `dotted.key=value` text."""

    text: str
    key: Key
    value: Any

    @property
    def place(self) -> str:
        """Where faults of the value are said to be."""
        return f"{COMMAND_LINE} {self.text}"


@dataclass(frozen=True, slots=True)
class Document:
    """A merged configuration: plain dictionaries, lists and scalars, the origins of its keys, and all files read."""

    file: Path
    tree: Tree
    origins: dict[Key, Origin] = field(repr=False)
    overrides: tuple[Override, ...] = ()
    files: tuple[Path, ...] = ()

    def origin(self, key: Sequence[str]) -> Origin:
        """The origin of a key, or of the nearest mapping around it that was written somewhere."""
        for length in range(len(key), 0, -1):
            if found := self.origins.get(tuple(key[:length])):
                return found
        return Origin(str(self.file), self.file.parent)

    def place(self, key: Sequence[str]) -> str:
        """A key for people: dotted, with file and line."""
        dotted = ".".join(key)
        where = self.origin(key).where
        return f"{dotted} ({where})" if dotted else where


class _Loader(yaml.SafeLoader):
    """Safe YAML in which 1e-3 is a number; YAML 1.1 wants it written 1.0e-3 and reads a string otherwise."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(
        r"^[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)|[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?)$"
    ),
    list("-+0123456789."),
)


def read_document(path: Path, overrides: Sequence[str]) -> Document:
    """Read a region file with everything it extends, then apply `dotted.key=value` overrides in order.

    Raises BadInput with every fault of the texts; what the values mean is not looked at here.
    """
    faults: list[Fault] = []
    document = _read_chain(path, (), faults)
    parsed = tuple(override for text in overrides if (override := _parsed_override(text, faults)) is not None)
    for override in parsed:
        _apply_override(document, override, faults)
    if faults:
        raise BadInput(*faults)
    return replace(document, overrides=parsed)


def parse_scalar(text: str) -> Any:
    """The value of a YAML text, as in a region file. Raises yaml.YAMLError or ValueError."""
    return yaml.load(text, _Loader)  # noqa: S506 _Loader is a SafeLoader


def _read_chain(path: Path, readers: tuple[Path, ...], faults: list[Fault]) -> Document:
    node = _compose(path, faults)
    tree: Tree = {}
    origins: dict[Key, Origin] = {}
    if node is not None:
        if isinstance(node, yaml.MappingNode):
            tree = _Builder(path, origins, faults).mapping(node, ())
        else:
            faults.append(
                Fault("a config must be a mapping of keys to values", _kind(node), _line(path, node), "See docs/configs.md.")
            )
    parent = tree.pop(_EXTENDS, None)
    own = Document(path, tree, origins, files=(path,))
    if parent is None:
        return own
    base = _parent(own, parent, (*readers, path), faults)
    return own if base is None else _merged(base, own)


def _parent(own: Document, parent: object, readers: tuple[Path, ...], faults: list[Fault]) -> Document | None:
    place = own.place((_EXTENDS,))
    if not isinstance(parent, str) or not parent:
        faults.append(Fault("`extends` must name one file", repr(parent), place, "Write e.g. extends: ../shared.yaml."))
        return None
    path = Path(os.path.normpath(own.file.parent / parent))
    if len(readers) >= _DEEPEST or any(path.resolve() == reader.resolve() for reader in readers):
        chain = " → ".join(str(reader) for reader in (*readers, path))
        faults.append(Fault("a config must not extend itself", chain, place, "Take the line out where the circle closes."))
        return None
    return _read_chain(path, readers, faults)


def _compose(path: Path, faults: list[Fault]) -> yaml.Node | None:
    """The YAML node tree of a file; None, with a fault, where there is none."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        faults.append(Fault("a config must be a readable file", error.strerror or str(error), str(path), "Correct the path."))
        return None
    except UnicodeDecodeError as error:
        faults.append(Fault("a config must be UTF-8 text", f"byte {error.start} that is not", str(path), "Save it as UTF-8."))
        return None
    try:
        node = yaml.compose(text, _Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path} line {mark.line + 1}" if mark else str(path)
        faults.append(
            Fault("a config must be valid YAML", error.problem or str(error), where, "Correct the syntax of this line.")
        )
        return None
    except yaml.YAMLError as error:
        faults.append(Fault("a config must be valid YAML", str(error).splitlines()[0], str(path), "Take the character out."))
        return None
    if node is None:
        faults.append(Fault("a config must be a mapping of keys to values", "an empty file", str(path), "See docs/configs.md."))
    return node


def _kind(node: yaml.Node) -> str:
    return {yaml.ScalarNode: "a single value", yaml.SequenceNode: "a list"}.get(type(node), "a mapping")


def _line(path: Path, node: yaml.Node) -> str:
    return f"{path} line {node.start_mark.line + 1}"


@dataclass(frozen=True, slots=True)
class _Builder:
    """Turns the nodes of one file into plain values and notes where each was written."""

    path: Path
    origins: dict[Key, Origin]
    faults: list[Fault]

    def mapping(self, node: yaml.MappingNode, at: Key) -> Tree:
        """A mapping; a key written twice is a fault, for YAML would silently let the last one win."""
        tree: Tree = {}
        for key_node, value_node in node.value:
            key = (*at, str(key_node.value))
            place = f"{'.'.join(key)} ({_line(self.path, key_node)})"
            if not isinstance(key_node, yaml.ScalarNode):
                self.faults.append(
                    Fault("a key must be a word", _kind(key_node), _line(self.path, key_node), "See docs/configs.md.")
                )
                continue
            if key[-1] in tree:
                self.faults.append(Fault("a key may be written once", "it twice", place, "Take one of them out."))
            self.origins[key] = Origin(_line(self.path, key_node), self.path.parent)
            tree[key[-1]] = self.value(value_node, key)
        return tree

    def value(self, node: yaml.Node, at: Key) -> Any:
        """Any value: mappings and lists by their parts, scalars as YAML reads them."""
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, at)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*at, str(index))) for index, item in enumerate(node.value)]
        try:
            return _Loader("").construct_object(node)
        except (ValueError, yaml.YAMLError) as error:
            reason = str(error).splitlines()[0]
            place = f"{'.'.join(at)} ({_line(self.path, node)})"
            self.faults.append(
                Fault("a value must be one that YAML can read", f"{node.value} ({reason})", place, "Correct the value.")
            )
            return None


def _merged(base: Document, own: Document) -> Document:
    origins = dict(base.origins)
    tree = _merge_trees(base.tree, own.tree, (), origins, own.origins)
    return Document(own.file, tree, origins, files=(*own.files, *base.files))


def _merge_trees(base: Tree, own: Tree, at: Key, origins: dict[Key, Origin], own_origins: Mapping[Key, Origin]) -> Tree:
    merged = dict(base)
    for name, value in own.items():
        key = (*at, name)
        inherited = merged.get(name)
        origins[key] = own_origins[key]
        if isinstance(inherited, dict) and isinstance(value, dict):
            merged[name] = _merge_trees(inherited, value, key, origins, own_origins)
            continue
        for stale in [other for other in origins if other[: len(key)] == key]:
            del origins[stale]
        if value is None and name in merged and at in _OPEN_MAPPINGS:
            del merged[name]
            continue
        merged[name] = value
        origins.update({other: origin for other, origin in own_origins.items() if other[: len(key)] == key})
    return merged


def _parsed_override(text: str, faults: list[Fault]) -> Override | None:
    dotted, equals, yaml_text = text.partition("=")
    override = Override(text, tuple(part.strip() for part in dotted.split(".")), None)
    if not equals or not all(override.key):
        rule, remedy = "an override must read dotted.key=value", "Write e.g. --set search.trials=10."
        faults.append(Fault(rule, text, override.place, remedy))
        return None
    try:
        return replace(override, value=parse_scalar(yaml_text))
    except (ValueError, yaml.YAMLError) as error:
        rule, remedy = "an override's value must be valid YAML", f"Quote it: {str(error).splitlines()[0]}."
        faults.append(Fault(rule, yaml_text, override.place, remedy))
        return None


def _apply_override(document: Document, override: Override, faults: list[Fault]) -> None:
    parent = document.tree
    for depth, part in enumerate(override.key[:-1], start=1):
        below = parent.setdefault(part, {})
        if not isinstance(below, dict):
            outer = ".".join(override.key[:depth])
            rule, remedy = "an override must go through mappings", f"Set `{outer}` itself."
            faults.append(Fault(rule, f"{outer} = {below!r}", override.place, remedy))
            return
        parent = below
    parent[override.key[-1]] = override.value
    document.origins[override.key] = Origin(override.place, Path())
