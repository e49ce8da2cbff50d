"""Write the base job templates of the work pools from their one source; `--check` says whether they are up to date.

    python scripts/build_work_pools.py [--check]

A variable that no pool gives a default, or a default for a variable that does not exist, is an error: a template would quietly
do without.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[1] / "infra" / "work-pools"


def templates(source: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Base job template of each pool. Raises ValueError for defaults that do not match the variables."""
    return {name: _template(source, {"pool": name, **defaults}) for name, defaults in source["pools"].items()}


def _template(source: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    variables: dict[str, dict[str, Any]] = source["variables"]
    missing = {name for name, schema in variables.items() if "default" not in schema} ^ set(defaults)
    if missing:
        raise ValueError(
            f"every variable must have exactly one default, but pool {defaults['pool']} differs in {sorted(missing)}"
        )
    return {
        "job_configuration": source["job_configuration"],
        "variables": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                name: schema if "default" in schema else {**schema, "default": defaults[name]}
                for name, schema in variables.items()
            },
            "definitions": source["definitions"],
        },
    }


def main(arguments: list[str]) -> int:
    """Write or compare; exit code 1 says that a file is not what the source makes of it."""
    source = yaml.safe_load((FOLDER / "source.yaml").read_text(encoding="utf-8"))
    stale = 0
    for name, template in templates(source).items():
        path, text = FOLDER / f"{name}.json", json.dumps(template, indent=2) + "\n"
        if "--check" not in arguments:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            print(f"{path} is not what source.yaml makes of it: make work-pools")
            stale = 1
    return stale


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
