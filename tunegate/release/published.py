"""The document production reads."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC
from typing import Any

from tunegate.domain.releases import Release

PUBLISHED_FORMAT = 1


def with_published_document(release: Release) -> Release:
    """The release with the document production will read; the schema is `adapters/contract/published.schema.json`."""
    document = {
        "format": PUBLISHED_FORMAT,
        "region": release.region,
        "version": release.version,
        "parameters": dict(release.parameters),
        "parameters_digest": release.parameters.digest,
        "released_at": release.when.astimezone(UTC).isoformat(timespec="microseconds"),
        "verdict": release.verdict,
        "override": release.override,
    }
    return replace(release, published=published_text(document))


def published_text(document: dict[str, Any]) -> str:
    """A document in the bytes that are published."""
    return json.dumps(document, indent=2, sort_keys=True, allow_nan=False) + "\n"
