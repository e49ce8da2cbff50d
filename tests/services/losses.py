"""A MySQL connection that ends at a chosen statement."""

from __future__ import annotations

from typing import Any

import pymysql
import pytest


class Loss:
    """Ends the connection at the n-th statement or commit: before the server has it, or when it has `done` it."""

    def __init__(self, at: int | None, *, done: bool) -> None:
        self.count = 0
        self._at = at
        self._done = done

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Count, and lose, the statements of every connection of this process from now on."""
        for name in ("query", "commit"):
            monkeypatch.setattr(pymysql.connections.Connection, name, self._on(getattr(pymysql.connections.Connection, name)))

    def _on(self, method: Any) -> Any:
        def lossy(connection: Any, *arguments: Any, **named: Any) -> Any:
            self.count += 1
            if self.count != self._at:
                return method(connection, *arguments, **named)
            if self._done:
                method(connection, *arguments, **named)
            connection._force_close()
            raise pymysql.err.OperationalError(2013, "Lost connection to MySQL server during query")

        return lossy
