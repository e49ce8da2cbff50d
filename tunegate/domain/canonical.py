"""One way to write a JSON document, so that equal content has equal bytes and an address."""

from __future__ import annotations

import hashlib
import json

JSON_KEY = "json_key"
"""Metadata of a dataclass field whose name in stored JSON is an older one, so that documents of 0.1.0 stay as they are.

None where the field is not stored.
"""


def canonical_json(content: object) -> str:
    """Sorted keys, no spaces, floats by shortest round trip. Raises ValueError for NaN and infinity, TypeError for non-JSON."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)


def text_digest(text: str) -> str:
    """`sha256:` and the digest of a text in UTF-8."""
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def content_digest(content: object) -> str:
    """`sha256:` and the digest of the canonical JSON."""
    return text_digest(canonical_json(content))
