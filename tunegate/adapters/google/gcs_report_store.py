"""Reports in a bucket, opened through Google's login: the bucket stays private."""

from __future__ import annotations

from tunegate.adapters.google.gcs_objects import GcsObjects


class GcsReportStore:
    """Implements the port `ReportStore`. Raises Outage and BadInput.

    Pages link to each other by absolute addresses: the login redirects to a different address for each object, so a relative
    link would not resolve.
    """

    def __init__(self, objects: GcsObjects) -> None:
        self._objects = objects

    def put(self, name: str, page: str) -> None:
        self._objects.write(name, page.encode())

    def names(self) -> frozenset[str]:
        return frozenset(name for name in self._objects.names() if name.endswith(".html"))

    def location(self, name: str) -> str:
        return self._objects.web_address(name)

    def uri(self, name: str) -> str:
        return self._objects.web_address(name)

    def link(self, name: str) -> str:
        return self._objects.web_address(name)
