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
    if release.kind is ReleaseKind.EXPERIMENT:
        return _experiment(release, before, published_at)
    restored = "" if release.restores is None else f", which restores version {release.restores}"
    lines = [f"{release.region} runs version {release.version}{restored}, {release.kind.value} by {release.approver}"]
    if release.override:
        lines.append("  OVERRIDE: these parameters came in against their verdict")
    lines += changed_parameters(before, release.parameters)
    lines.append(f"  production reads {published_at}")
    if release.kind is ReleaseKind.ROLLOUT:
        lines.append(f"  back: tunegate rollback {release.region} --approver NAME --reason TEXT")
    return lines


def _experiment(release: Release, before: Mapping[str, float], published_at: str) -> list[str]:
    from tunegate.release.experiments import experiment_of  # noqa: PLC0415 - loads NumPy, which listings do without
    from tunegate.release.rollout_plan import plan_digest, plan_words  # noqa: PLC0415 - likewise

    experiment = experiment_of(release)
    schedule = experiment.schedule
    span = f"{schedule.start_utc:%Y-%m-%d %H:%M} to {schedule.end_utc:%Y-%m-%d %H:%M} UTC"
    return [
        f"{release.region} tries version {release.version}, approved by {release.approver}",
        f"  experiment {experiment.name}, {span}",
        *(["  OVERRIDE: these parameters are tried against their verdict"] if release.override else []),
        *changed_parameters(before, experiment.candidate),
        f"  release plan {plan_digest(experiment.plan)}",
        *(f"  {sentence}" for sentence in plan_words(experiment.plan)),
        f"  production reads {published_at}",
        f"  next: tunegate experiment show {release.region}; it ends early with tunegate experiment stop {release.region}",
    ]


def changed_parameters(before: Mapping[str, float], after: Mapping[str, float]) -> list[str]:
    """One line for each parameter that differs."""
    return [
        f"  {name:<24} {_value(before.get(name))} -> {_value(after.get(name))}"
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    ]


def _value(value: float | None) -> str:
    return "nothing" if value is None else f"{value:.6g}"
