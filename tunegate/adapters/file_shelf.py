"""Reports in a folder."""

from __future__ import annotations

from pathlib import Path

from tunegate.adapters.files import write_text


class FileShelf:
    """Implements the port `ReportShelf`. Pages link to each other by their names, so that the folder may be moved."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, name: str, page: str) -> None:
        """See the port."""
        write_text(self._folder / name, page)

    def names(self) -> frozenset[str]:
        """See the port."""
        return frozenset(path.name for path in self._folder.glob("*.html"))

    def place(self, name: str) -> str:
        """See the port."""
        return str(self._folder / name)

    def uri(self, name: str) -> str:
        """See the port."""
        return (self._folder / name).as_uri()

    def link(self, name: str) -> str:
        """See the port."""
        return name
