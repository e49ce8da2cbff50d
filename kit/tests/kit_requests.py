"""The beginning of a program, and requests that fit the town."""

from __future__ import annotations

from typing import Any

HEADER = """
import os, random, subprocess, sys, time
from typing import Annotated
from tunegate_simulator import City, Day, Metric, Outcome, Parameter, Refused, Setting, TryAgain, refuse, simulator
TOWN = City("town", "2026-01-01", "2026-12-31")
"""


def request(**fields: Any) -> dict[str, Any]:
    return {
        "contract": "1",
        "id": "r",
        "city": "town",
        "parameters": {"price": 100},
        "days": ["2026-05-01", "2026-05-02"],
        "seeds": [1, 2],
        "forecast": "ml",
        "history": {"first": "2026-04-01", "last": "2026-04-30"},
        "settings": {},
        **fields,
    }
