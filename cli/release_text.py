"""Releases and decisions in words, and as the rows of a table."""

from __future__ import annotations

from collections.abc import Mapping

from tunegate.domain.releases import Release, ReleaseKind

SHORT_DIGEST = 19  # `sha256:` and twelve digits
RELEASE_COLUMNS = ("version", "kind", "when (UTC)", "approver", "reason", "verdict")


def release_cells(release: Release) -> tuple[str, ...]:
    """A release as a row of `RELEASE_COLUMNS`."""
    kind = release.kind.value if release.restores is None else f"{release.kind.value} to {release.restores}"
    marked = f"{kind}, OVERRIDE" if release.override else kind
    verdict = "" if release.verdict is None else release.verdict[:SHORT_DIGEST]
    return (str(release.version), marked, f"{release.when:%Y-%m-%d %H:%M}", release.approver, release.reason, verdict)


def announcement(release: Release, before: Mapping[str, float], published_at: str) -> list[str]:
    """What a new release changes, line by line; `before` is what production ran, `published_at` the document it reads."""
    restored = "" if release.restores is None else f", which restores version {release.restores}"
    lines = [f"{release.region} runs version {release.version}{restored}, {release.kind.value} by {release.approver}"]
    if release.override:
        lines.append("  OVERRIDE: these parameters came in against their verdict")
    lines += changed_parameters(before, release.parameters)
    lines.append(f"  production reads {published_at}")
    if release.kind is ReleaseKind.ROLLOUT:
        lines.append(f"  back: tunegate rollback {release.region} --approver NAME --reason TEXT")
    return lines


def changed_parameters(before: Mapping[str, float], after: Mapping[str, float]) -> list[str]:
    """One line for each parameter that differs."""
    return [
        f"  {name:<24} {_value(before.get(name))} -> {_value(after.get(name))}"
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    ]


def _value(value: float | None) -> str:
    return "nothing" if value is None else f"{value:.6g}"
