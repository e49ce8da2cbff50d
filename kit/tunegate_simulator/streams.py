"""Random streams keyed by what they are for, so that the same customer comes to the same day under all parameters."""

from __future__ import annotations

import hashlib
import json
import random
from datetime import date

Key = str | int | float | date


def stream_seed(seed: int, day: date, *entity: Key) -> int:
    """A seed of 128 bits for any generator, e.g. `numpy.random.default_rng(stream_seed(seed, day, "customer", 17))`."""
    key = json.dumps([seed, day.isoformat(), *(part.isoformat() if isinstance(part, date) else part for part in entity)])
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:16], "big")


def rng(seed: int, day: date, *entity: Key) -> random.Random:
    """The generator of one entity on one day. Equal keys give equal draws in every process; other keys give unrelated ones."""
    return random.Random(stream_seed(seed, day, *entity))  # noqa: S311 a simulation, no secret
