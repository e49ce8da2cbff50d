"""Write infra/terraform/provider-schema.json: what the google provider says of the resources that infra/terraform uses.

    pip download --no-deps --dest WHEELS cdktf-cdktf-provider-google==16.12.1
    python scripts/extract_provider_schema.py WHEELS/cdktf_cdktf_provider_google-16.12.1-*.whl

The wheel (49 MB) carries bindings generated from the schema of the provider's release 6.50.0, among them a JSON description of
every resource. We keep names and kinds of arguments and attributes, nothing of its texts. Run it again when a new resource is
used.
"""

from __future__ import annotations

import io
import json
import re
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "infra" / "terraform"
OUTPUT = FOLDER / "provider-schema.json"
BINDINGS = "@cdktf/provider-google"
DOCUMENTED_NAME = re.compile(r"docs/resources/\w+#(\w+)")
PROVIDER_VERSION = re.compile(r"hashicorp/google/([0-9.]+)/docs")


def used_resources() -> list[str]:
    """Types of google's resources in the Terraform files, sorted."""
    found = set()
    for path in FOLDER.glob("*.tf"):
        found |= set(re.findall(r'^resource "(google_\w+)"', path.read_text(encoding="utf-8"), re.MULTILINE))
    return sorted(found)


def read_bindings(wheel: Path) -> dict[str, Any]:
    """The types that the bindings describe, by qualified name."""
    with zipfile.ZipFile(wheel) as archive:
        inner = next(name for name in archive.namelist() if name.endswith(".jsii.tgz"))
        with tarfile.open(fileobj=io.BytesIO(archive.read(inner))) as bindings:
            description = bindings.extractfile("package/.jsii")
            if description is None:
                raise ValueError(f"{wheel} holds no description of its types")
            types: dict[str, Any] = json.load(description)["types"]
            return types


def resource(types: dict[str, Any], name: str) -> dict[str, Any]:
    """Arguments (nested where they are blocks) and all attributes of one resource."""
    words = name.removeprefix("google_").split("_")
    title = "".join(word.capitalize() for word in words)
    module = title[0].lower() + title[1:]
    arguments = _block(types, f"{BINDINGS}.{module}.{title}Config")
    members = types[f"{BINDINGS}.{module}.{title}"]["properties"]
    shown = [member["name"] for member in members if not member.get("static") and not member["name"].endswith("Input")]
    return {"arguments": arguments, "attributes": sorted({_snake(name) for name in shown} | set(arguments))}


def _block(types: dict[str, Any], struct: str) -> dict[str, Any]:
    return {_name_of(member): _argument(types, member) for member in types[struct].get("properties", [])}


def _argument(types: dict[str, Any], member: dict[str, Any]) -> dict[str, Any]:
    required = not member.get("optional", False)
    options = [member["type"], *member["type"].get("union", {}).get("types", [])]
    for option in options:
        many = "collection" in option
        struct = option.get("collection", {}).get("elementtype", option).get("fqn", "")
        if struct.startswith(f"{BINDINGS}."):
            return {"required": required, "repeats": many, "block": _block(types, struct)}
    kinds = {option["primitive"] for option in options if "primitive" in option} or {"collection"}
    return {"required": required, "kind": "/".join(sorted(kinds))}


def _name_of(member: dict[str, Any]) -> str:
    """The name in Terraform, which the link in the documentation spells; the bindings' own names lose underscores."""
    documentation = member.get("docs", {})
    documented = DOCUMENTED_NAME.search(documentation.get("remarks", "") + documentation.get("summary", ""))
    return documented[1] if documented else _snake(member["name"])


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()


def main(arguments: list[str]) -> int:
    """Write the file from the wheel named on the command line."""
    wheel = Path(arguments[0])
    types = read_bindings(wheel)
    version = next(found[1] for found in map(PROVIDER_VERSION.search, _remarks(types)) if found)
    head = {"made_by": "scripts/extract_provider_schema.py", "from": f"{wheel.name} (MPL-2.0)", "provider": version}
    resources = {name: resource(types, name) for name in used_resources()}
    # A line for each resource, so that a difference between two versions of the provider can be read.
    lines = [f"  {json.dumps(name)}: {json.dumps(content, sort_keys=True)}" for name, content in resources.items()]
    fields = [f" {json.dumps(name)}: {json.dumps(text)},\n" for name, text in head.items()]
    OUTPUT.write_text("{\n" + "".join(fields) + ' "resources": {\n' + ",\n".join(lines) + "\n }\n}\n", encoding="utf-8")
    return 0


def _remarks(types: dict[str, Any]) -> list[str]:
    members = types[f"{BINDINGS}.sqlUser.SqlUserConfig"]["properties"]
    return [member.get("docs", {}).get("remarks", "") for member in members]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
