"""Listeners to the progress of campaigns in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

# For annotations only: every command makes an installation, and few show progress.
if TYPE_CHECKING:
    from tunegate.report.terminal.progress import Event

Listener = Callable[["Event"], None]


class ProgressListeners:
    """Passes the events of a campaign to its listeners."""

    def __init__(self) -> None:
        self._listeners: dict[str, list[Listener]] = {}

    @contextmanager
    def listening(self, campaign: str, listener: Listener) -> Iterator[None]:
        """Call `listener` for every event of a campaign inside `with`."""
        self._listeners.setdefault(campaign, []).append(listener)
        try:
            yield
        finally:
            self._listeners[campaign].remove(listener)

    def announce(self, campaign: str, event: Event) -> None:
        """Call the campaign's listeners."""
        for listener in self._listeners.get(campaign, ()):
            listener(event)

    def has_listeners(self, campaign: str) -> bool:
        """Whether the campaign has a listener: some events need a database read."""
        return bool(self._listeners.get(campaign))
