"""Print the manifests of infra/kubernetes for one installation, as one stream for `kubectl apply --filename -`.

    terraform -chdir=infra/terraform output -json installation > installation.json
    python scripts/render_kubernetes.py installation.json --image IMAGE | kubectl apply --filename -

A name that a manifest asks for and the installation does not give is an error, and then nothing is printed.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

import yaml

FOLDER = Path(__file__).parents[1] / "infra" / "kubernetes"
EXIT_BAD_INPUT = 2
# By digest, or by a tag that is not the one that moves.
IMAGE = re.compile(r"^[a-z0-9][\w./:-]*(@sha256:[0-9a-f]{64}|:(?!latest$)[\w][\w.-]*)$")


class _Plain(yaml.SafeDumper):
    """Writes out what anchors stand for."""

    def ignore_aliases(self, _data: Any) -> bool:
        """Every value stands for itself."""
        return True


def manifests(values: Mapping[str, str]) -> list[dict[str, Any]]:
    """Every object, in the order in which a cluster can take them. Raises KeyError for a name without a value."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.yaml"))]
    return [document for text in texts for document in yaml.safe_load_all(Template(text).substitute(values))]


def main(arguments: list[str]) -> int:
    """Print the manifests; exit code 2 and one line on stderr when they cannot be made."""
    parser = argparse.ArgumentParser(description="Print the Kubernetes manifests of one installation.")
    parser.add_argument("installation", type=Path, help="what `terraform output -json installation` printed")
    parser.add_argument("--image", required=True, help="image of the pipeline, by digest or by a tag that never moves")
    options = parser.parse_args(arguments)
    try:
        if not IMAGE.match(options.image):
            raise ValueError(f"an image must be named by a digest or a tag that never moves, not {options.image}")
        values = json.loads(options.installation.read_text(encoding="utf-8"))
        objects = manifests({**values, "image": options.image})
    except (OSError, ValueError, TypeError) as error:
        sys.stderr.write(f"error: {options.installation}: {error}\n")
        return EXIT_BAD_INPUT
    except KeyError as error:
        sys.stderr.write(f"error: {options.installation} does not say {error}: print it anew with this version's Terraform\n")
        return EXIT_BAD_INPUT
    yaml.dump_all(objects, sys.stdout, Dumper=_Plain, sort_keys=False, explicit_start=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
