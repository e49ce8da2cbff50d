"""Publishing to a bucket: one object for each region. Publishers on any number of machines may work at once.

There is no lock: a publisher reads the generation it is about to replace, then computes the document, and the bucket refuses
the write if the generation has changed.
"""

from __future__ import annotations

from collections.abc import Callable

from tunegate.adapters.google.gcs_objects import GcsObjects
from tunegate.adapters.published_document import document_name, refuse_misfit


class GcsPublisher:
    """Implements the port `Publisher`. Production reads `gs://bucket/prefix/<region>.json`."""

    def __init__(self, objects: GcsObjects) -> None:
        self._objects = objects

    def publish(self, region: str, wanted: Callable[[], str]) -> bool:
        """Raises Outage, and BadInput for a bucket that does not exist or is not writable."""

        def checked() -> bytes:
            text = wanted()
            refuse_misfit(text, region)
            return text.encode()

        return self._objects.replace(document_name(region), checked)

    def location(self, region: str) -> str:
        return self._objects.address(document_name(region))
