"""What our tasks have in common."""

from __future__ import annotations

from typing import Any

from prefect.cache_policies import NO_CACHE

# Inputs are campaign ids and domain values; what must not be done twice is kept by the stores, keyed by content, and not by
# Prefect's cache, which would have to serialise every input to know it again.
EFFECT: dict[str, Any] = {"cache_policy": NO_CACHE, "persist_result": False}


def artifact_key(campaign: str) -> str:
    """A campaign's name as keys of artifacts may be: small letters, digits and hyphens."""
    return campaign.replace("_", "-")
