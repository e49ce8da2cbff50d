"""Where people find reports."""

from __future__ import annotations

from typing import Protocol


class ReportStore(Protocol):
    """HTML pages by name, e.g. `manhattan-20260601-120000.html`. Every method may block and may be called from any thread.

    Raises OSError when the place cannot be reached or written, BadInput when it refuses us.
    """

    def put(self, name: str, page: str) -> None:
        """Have this page in place of whatever was there; a reader sees the old one or the new one, never a part."""
        ...

    def names(self) -> frozenset[str]:
        """The names of all pages."""
        ...

    def location(self, name: str) -> str:
        """What a person opens to see the page: a path on this machine, or an address on the web."""
        ...

    def uri(self, name: str) -> str:
        """The same as a URI that a browser takes as it is."""
        ...

    def link(self, name: str) -> str:
        """How another page of the store links to the page."""
        ...
