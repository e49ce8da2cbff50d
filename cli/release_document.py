"""A release as JSON."""

from __future__ import annotations

from typing import Any

from tunegate.domain.plain_json import plain
from tunegate.domain.releases import Release


def release_document(release: Release) -> dict[str, Any]:
    """A release as JSON."""
    document: dict[str, Any] = plain(release)
    return {**document, "parameters": dict(release.parameters)}
