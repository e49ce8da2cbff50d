"""A size-bounded LRU cache of what the requests of one process derive from a city."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar


class Sized(Protocol):
    """An object that reports its size in bytes, like a NumPy array."""

    @property
    def nbytes(self) -> int:
        """Bytes held."""


T = TypeVar("T", bound=Sized)


@dataclass(slots=True)
class CityCache:
    """An LRU cache of at most `capacity_bytes`. The newest value stays even if it alone exceeds the capacity."""

    capacity_bytes: int
    held_bytes: int = 0
    _values: OrderedDict[Hashable, Sized] = field(default_factory=OrderedDict)

    def get(self, key: Hashable, kind: type[T], make: Callable[[], T]) -> T:
        """The value cached under `key`, or made and cached. A key always maps to one type."""
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
