"""What production reads of a folder."""

from __future__ import annotations

from tunegate.adapters.local.publisher import FilePublisher


def published_text(publisher: FilePublisher, region: str) -> str | None:
    """The region's document; None where nothing was published."""
    path = publisher.path(region)
    return path.read_bytes().decode(errors="replace") if path.exists() else None
