"""A bounded store of what is costly to make and shared by the requests of one process."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar


class Sized(Protocol):
    """Anything that knows how many bytes it holds, as NumPy arrays do."""

    @property
    def nbytes(self) -> int:
        """Bytes held."""


T = TypeVar("T", bound=Sized)


@dataclass(slots=True)
class Shelf:
    """Keeps the values used last within `capacity_bytes`; the newest stays even when it alone is larger."""

    capacity_bytes: int
    held_bytes: int = 0
    _values: OrderedDict[Hashable, Sized] = field(default_factory=OrderedDict)

    def get(self, key: Hashable, kind: type[T], make: Callable[[], T]) -> T:
        """The value under `key`, made if it is not here. A key always belongs to one kind."""
        value = self._values.get(key)
        if isinstance(value, kind):
            self._values.move_to_end(key)
            return value
        made = make()
        self._values[key] = made
        self.held_bytes += made.nbytes
        while self.held_bytes > self.capacity_bytes and len(self._values) > 1:
            _, dropped = self._values.popitem(last=False)
            self.held_bytes -= dropped.nbytes
        return made
