"""What is put beside a run for those who look at it there: rows of tables, and how a search goes."""

from __future__ import annotations

from collections.abc import Sequence

from tunegate.domain.trials import TrialRecord, TrialState
from tunegate.report import formats
from tunegate.report.model import CampaignReport
from tunegate.report.terminal.verdict_text import values

Row = dict[str, str]


def value_rows(report: CampaignReport) -> list[Row]:
    """The four values of the candidate, in the order they were found; of the finalists where nothing beat production."""
    return [{"where": name, "change": change, "interval": span} for name, change, span in values(report)]


def parameter_rows(report: CampaignReport) -> list[Row]:
    """Every parameter with what runs today and what the candidate would change."""
    specs = {spec.name: spec for spec in report.parameters}
    candidate = report.production if report.candidate is None else report.candidate.trial.parameters
    return [
        {
            "parameter": name,
            "today": formats.parameter(value, specs.get(name)),
            "candidate": "unchanged" if candidate[name] == value else formats.parameter(candidate[name], specs.get(name)),
            "unit": formats.unit_of(specs.get(name)),
        }
        for name, value in sorted(report.production.items())
    ]


def share_done_pct(trials: Sequence[TrialRecord], budget: int) -> float:
    """How much of the budget is complete, from 0 to 100."""
    return 100.0 * min(1.0, _count(trials, TrialState.COMPLETE) / budget)


def search_markdown(trials: Sequence[TrialRecord], budget: int) -> str:
    """How the search stands: trials by state, the best uplift, and why trials failed last."""
    scored = [trial for trial in trials if trial.state is TrialState.COMPLETE and trial.value_pct is not None]
    best = max(scored, key=lambda trial: trial.value_pct or 0.0, default=None)
    failures = [trial for trial in trials if trial.state is TrialState.FAILED and trial.reason]
    counts = (
        f"**{_count(trials, TrialState.COMPLETE)} of {budget} trials complete**, {_count(trials, TrialState.RUNNING)} running, "
        f"{_count(trials, TrialState.FAILED)} failed, {_count(trials, TrialState.PRUNED)} pruned."
    )
    lines = [counts, "", _best_so_far(best)]
    if failures:
        lines += ["", f"Last failure: `{' '.join(str(failures[-1].reason).replace('`', ' ').split())}`"]
    return "\n".join(lines) + "\n"


def _best_so_far(best: TrialRecord | None) -> str:
    if best is None:
        return "Nothing to compare yet."
    gain = formats.change(best.value_pct)
    return f"Best so far: trial {best.number} with {gain} in the search, which flatters its winner; held-out days come later."


def _count(trials: Sequence[TrialRecord], state: TrialState) -> int:
    return sum(trial.state is state for trial in trials)
