"""Reports in a folder."""

from __future__ import annotations

from pathlib import Path

from tunegate.adapters.local.files import write_text


class FileReportStore:
    """Implements the port `ReportStore`. Pages link to each other by their names, so the folder can be moved.

    `web` is the address where the folder is served, if it is: browsers follow no link from a web page to a local file.
    """

    def __init__(self, folder: Path, web: str | None = None) -> None:
        self._folder = folder
        self._web = web

    def put(self, name: str, page: str) -> None:
        write_text(self._folder / name, page)

    def names(self) -> frozenset[str]:
        return frozenset(path.name for path in self._folder.glob("*.html"))

    def location(self, name: str) -> str:
        return str(self._folder / name)

    def uri(self, name: str) -> str:
        return (self._folder / name).as_uri() if self._web is None else f"{self._web}/{name}"

    def link(self, name: str) -> str:
        return name
