"""What every publisher checks before production may read it."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files

from jsonschema import Draft202012Validator

_REGION = re.compile(r"[a-z][a-z0-9_]{0,62}")


def document_name(region: str) -> str:
    """The name of a region's document. Raises ValueError for a region whose name could lead elsewhere."""
    if not _REGION.fullmatch(region):
        raise ValueError(f"a region must be small letters, digits and underscores, but got {region!r:.80}")
    return f"{region}.json"


def refuse_misfit(text: str, region: str) -> None:
    """Raise ValueError for a document that does not fit the published schema or is another region's."""
    document = json.loads(text)
    misfit = next(_validator().iter_errors(document), None)
    if misfit is not None:
        raise ValueError(f"a published document must fit its schema, but {misfit.json_path}: {misfit.message:.200}")
    if document["region"] != region:
        raise ValueError(f"a published document must be of its region {region}, but got {document['region']}")


@cache
def _validator() -> Draft202012Validator:
    schema = files("tunegate.adapters.simulator").joinpath("contract", "published.schema.json").read_text(encoding="utf-8")
    return Draft202012Validator(json.loads(schema))
