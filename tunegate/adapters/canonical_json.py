"""JSON text that is the same for the same content, and reads back bit for bit."""

from __future__ import annotations

import hashlib
import json


def canonical_json(content: object) -> str:
    """Sorted keys, no spaces, floats by shortest round trip. Raises ValueError for NaN and infinity, TypeError for non-JSON."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)


def text_digest(text: str) -> str:
    """`sha256:` and the digest of the text in UTF-8."""
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()
