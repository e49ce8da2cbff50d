"""What `terraform validate` would say of infra/terraform, as far as it can be said without the provider.

Blocks and arguments are held against provider-schema.json, references against what is declared. hcl2 gives a block as a dict
with the key `__is_block__`, a string with its quotes, and any other expression as "${...}".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hcl2

META_ARGUMENTS = {"count", "for_each", "provider", "depends_on", "lifecycle", "dynamic", "connection", "provisioner"}
IS_BLOCK = "__is_block__"
REFERENCE = re.compile(r"(?<![\w.\"-])((?:var|local|ephemeral\.\w+|google_\w+)\.\w+)(?:\[[^\]]*\](?:\[[^\]]*\])?)?(?:\.(\w+))?")
LITERAL_KINDS = {bool: "boolean", int: "number", float: "number"}


@dataclass
class Module:
    """All files of a folder together. `declared` is resource type → name → body; the same for ephemeral ones."""

    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    ephemerals: dict[str, dict[str, Any]] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    locals: dict[str, Any] = field(default_factory=dict)
    everything: list[Any] = field(default_factory=list)

    @classmethod
    def of(cls, folder: Path) -> Module:
        """Read every .tf file."""
        module = cls()
        for path in sorted(folder.glob("*.tf")):
            with path.open(encoding="utf-8") as file:
                module._add(hcl2.load(file))
        return module

    def _add(self, document: dict[str, Any]) -> None:
        self.everything.append(document)
        for kind, kept in (("resource", self.resources), ("ephemeral", self.ephemerals)):
            for entry in document.get(kind, []):
                for type_name, named in entry.items():
                    for name, body in named.items():
                        kept.setdefault(_bare(type_name), {})[_bare(name)] = body
        for kind, flat in (("variable", self.variables), ("output", self.outputs)):
            for entry in document.get(kind, []):
                flat.update({_bare(name): body for name, body in entry.items()})
        for entry in document.get("locals", []):
            self.locals.update({name: value for name, value in entry.items() if not name.startswith("__")})


def schema_faults(module: Module, schema: dict[str, Any]) -> list[str]:
    """Unknown, missing, wrongly typed and wrongly repeated arguments of the provider's resources."""
    found: list[str] = []
    for type_name, named in module.resources.items():
        known = schema["resources"].get(type_name)
        if known is None:
            found.append(f"{type_name} is not in provider-schema.json: scripts/extract_provider_schema.py")
            continue
        for name, body in named.items():
            found += _block_faults(known["arguments"], body, f"{type_name}.{name}")
    return found


def _block_faults(arguments: dict[str, Any], body: dict[str, Any], path: str) -> Iterator[str]:
    dynamic = {_bare(name): part for entry in body.get("dynamic", []) for name, part in entry.items()}
    for key, value in body.items():
        name = _bare(key)
        if name in META_ARGUMENTS or name.startswith("__"):
            continue
        if name not in arguments:
            yield f"{path}: there is no argument {name}"
            continue
        yield from _argument_faults(arguments[name], value, f"{path}.{name}")
    for name, part in dynamic.items():
        if name not in arguments:
            yield f"{path}: there is no block {name}"
        else:
            yield from _argument_faults(arguments[name], part["content"], f"{path}.{name}")
    for name, argument in arguments.items():
        if argument["required"] and name not in body and name not in dynamic:
            yield f"{path}: {name} is missing"


def _argument_faults(argument: dict[str, Any], value: Any, path: str) -> Iterator[str]:
    blocks = value if isinstance(value, list) and value and isinstance(value[0], dict) and IS_BLOCK in value[0] else []
    if "block" in argument:
        if not blocks:
            yield f"{path}: this is a block"
        if len(blocks) > 1 and not argument["repeats"]:
            yield f"{path}: stands there {len(blocks)} times"
        for block in blocks:
            yield from _block_faults(argument["block"], block, path)
    elif blocks:
        yield f"{path}: this is no block"
    else:
        kind = _literal_kind(value)
        if kind is not None and kind not in argument["kind"].split("/"):
            yield f"{path}: {value} is a {kind}, wanted is a {argument['kind']}"


def _literal_kind(value: Any) -> str | None:
    """Kind of a literal; None for an expression, whose kind only Terraform knows."""
    if isinstance(value, str):
        return "string" if value.startswith('"') else None
    return LITERAL_KINDS.get(type(value), "collection")


def reference_faults(module: Module, schema: dict[str, Any]) -> list[str]:
    """References to what is not declared, and declarations that nothing refers to."""
    found, used = [], set()
    for target, attribute in sorted(set(_references(module.everything))):
        used.add(target)
        kind, name = target.rsplit(".", 1)
        match kind:
            case "var":
                known = name in module.variables
            case "local":
                known = name in module.locals
            case _ if kind.startswith("ephemeral."):
                known = name in module.ephemerals.get(kind.removeprefix("ephemeral."), {})
            case _:
                known = name in module.resources.get(kind, {})
                attributes = schema["resources"].get(kind, {}).get("attributes", [])
                if known and attribute and attribute not in attributes:
                    found.append(f"{target} has no attribute {attribute}")
        if not known:
            found.append(f"{target} is not declared")
    declared = {f"var.{name}" for name in module.variables} | {f"local.{name}" for name in module.locals}
    return found + [f"{name} is declared, but nothing refers to it" for name in sorted(declared - used)]


def _references(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield from (match.groups(default="") for match in REFERENCE.finditer(_expressions(value)))
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key != "__comments__":
                yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


def _expressions(text: str) -> str:
    """What is computed in a value: all of an expression, and the ${...} of a string."""
    return " ".join(re.findall(r"\$\{(.*?)\}(?![^{]*\})", text)) if text.startswith('"') else text


def _bare(name: str) -> str:
    return name.strip('"')


def read_schema(folder: Path) -> dict[str, Any]:
    """The extract of the provider's schema."""
    schema: dict[str, Any] = json.loads((folder / "provider-schema.json").read_text(encoding="utf-8"))
    return schema
