"""How far a campaign is: a pure state that follows events, and the time left. Times are seconds of one monotonic clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

from tunegate.domain.trials import TrialRecord, TrialState


class CampaignPhase(StrEnum):
    """The parts of a campaign, in order."""

    PREPARING = "preparing"
    SEARCH = "search"
    CONFIRMATION = "confirmation"
    GATE = "gate"
    ROUTES = "routes"
    REPORT = "report"


PHASES = tuple(CampaignPhase)


@dataclass(frozen=True, slots=True)
class ProgressPlan:
    """What the campaign is going to simulate, in days times seeds; confirmation and gate count all their arms."""

    trial_budget: int
    days_per_trial: int
    confirmation_days: int
    gate_days: int
    workers: int

    def days_of(self, phase: CampaignPhase) -> int:
        """Simulated days a whole phase takes."""
        match phase:
            case CampaignPhase.SEARCH:
                return self.trial_budget * self.days_per_trial
            case CampaignPhase.CONFIRMATION:
                return self.confirmation_days
            case CampaignPhase.GATE:
                return self.gate_days
            case CampaignPhase.PREPARING | CampaignPhase.ROUTES | CampaignPhase.REPORT:
                return 0
            case _:
                assert_never(phase)


@dataclass(frozen=True, slots=True)
class PhaseStarted:
    """A part of the campaign begins."""

    phase: CampaignPhase


@dataclass(frozen=True, slots=True)
class TrialsSeen:
    """All trials of the study as they are now."""

    trials: Sequence[TrialRecord]


@dataclass(frozen=True, slots=True)
class DaysSimulated:
    """So many days came out of the simulator, in whatever phase it is."""

    count: int = 1


Event = PhaseStarted | TrialsSeen | DaysSimulated


@dataclass(frozen=True, slots=True)
class Best:
    """The best uplift so far and the trial that has it."""

    number: int
    value_pct: float


@dataclass(frozen=True, slots=True)
class CampaignProgress:
    """The state of one campaign's progress; `after` gives the next one.

    `complete_before` counts the trials that were complete when this run of the search began, so that a resumed campaign does
    not take them for its own speed. Speed is measured from the first days on (`speed_since_s`, `speed_since_days`): what comes
    before is simulators starting up.
    """

    region: str
    plan: ProgressPlan
    started_s: float
    phase: CampaignPhase = CampaignPhase.PREPARING
    running: frozenset[int] = frozenset()
    complete: frozenset[int] = frozenset()
    failed: frozenset[int] = frozenset()
    pruned: frozenset[int] = frozenset()
    best: Best | None = None
    last_failure: str | None = None
    simulated_days: int = 0
    phase_days: int = 0
    complete_before: int = 0
    speed_since_s: float | None = None
    speed_since_days: int = 0

    def after(self, event: Event, now_s: float) -> CampaignProgress:
        """The state once this has happened."""
        progress = self._with(event)
        if progress.speed_since_s is None and progress.phase is not CampaignPhase.PREPARING and progress.own_days > 0:
            return replace(progress, speed_since_s=now_s, speed_since_days=progress.own_days)
        return progress

    def _with(self, event: Event) -> CampaignProgress:
        match event:
            case PhaseStarted(phase):
                return self._in_phase(phase)
            case TrialsSeen(trials):
                return self._as_seen(trials)
            case DaysSimulated(count):
                return replace(self, simulated_days=self.simulated_days + count, phase_days=self.phase_days + count)
            case _:
                assert_never(event)

    def elapsed_s(self, now_s: float) -> float:
        """Seconds since the campaign, or this resumption of it, began."""
        return max(0.0, now_s - self.started_s)

    @property
    def remaining_days(self) -> int:
        """Simulated days still to come: the rest of this phase, and all later ones."""
        later = sum(self.plan.days_of(phase) for phase in PHASES[PHASES.index(self.phase) + 1 :])
        if self.phase is CampaignPhase.SEARCH:
            return max(0, self.plan.trial_budget - len(self.complete)) * self.plan.days_per_trial + later
        return max(0, self.plan.days_of(self.phase) - self.phase_days) + later

    @property
    def own_days(self) -> int:
        """Days this run has simulated, counted as they are simulated here or, for workers elsewhere, by completed trials."""
        own_trials = max(0, len(self.complete) - self.complete_before)
        return max(self.simulated_days, own_trials * self.plan.days_per_trial)

    def time_left_s(self, now_s: float) -> float | None:
        """Remaining days at the speed seen so far; None without a speed to go by, and once nothing is left to simulate."""
        done = self.own_days - self.speed_since_days
        if self.phase is CampaignPhase.PREPARING or self.remaining_days == 0:
            return None
        if self.speed_since_s is None or done <= 0 or now_s <= self.speed_since_s:
            return None
        return self.remaining_days * (now_s - self.speed_since_s) / done

    @property
    def share_done(self) -> float:
        """How much of the present phase is done, from 0 to 1; of the search by completed trials. The report is the end: 1."""
        if self.phase is CampaignPhase.REPORT:
            return 1.0
        done, whole = len(self.complete), self.plan.trial_budget
        if self.phase is not CampaignPhase.SEARCH:
            done, whole = self.phase_days, self.plan.days_of(self.phase)
        return min(1.0, done / whole) if whole else 0.0

    def _in_phase(self, phase: CampaignPhase) -> CampaignProgress:
        if phase is self.phase:
            return self
        before = len(self.complete) if phase is CampaignPhase.SEARCH else self.complete_before
        return replace(self, phase=phase, phase_days=0, complete_before=before)

    def _as_seen(self, trials: Sequence[TrialRecord]) -> CampaignProgress:
        def numbers(state: TrialState) -> frozenset[int]:
            return frozenset(trial.number for trial in trials if trial.state is state)

        complete = numbers(TrialState.COMPLETE)
        valued = [Best(one.number, one.value_pct) for one in trials if one.number in complete and one.value_pct is not None]
        is_first_sight = not self.complete and self.simulated_days == 0
        failures = [trial.reason for trial in trials if trial.state is TrialState.FAILED and trial.reason]
        return replace(
            self,
            running=numbers(TrialState.RUNNING),
            complete=complete,
            complete_before=len(complete) if is_first_sight else self.complete_before,
            failed=numbers(TrialState.FAILED),
            pruned=numbers(TrialState.PRUNED),
            best=max(valued, key=lambda one: one.value_pct, default=None),
            last_failure=failures[-1] if failures else None,
        )
