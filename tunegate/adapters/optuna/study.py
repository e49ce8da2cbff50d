"""A study that any number of workers share: ask, tell, an exact budget, and nothing lost when a process dies.

Every operation that decides something holds the study's lock, so counting and acting on the count are one step. Optuna's
own cap overshoots (a budget of 40 gave 44 trials with five workers and 59 with twenty) because it counts after the fact.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import optuna
from optuna.trial import FrozenTrial, Trial
from optuna.trial import TrialState as OptunaState

from tunegate.adapters.optuna.distributions import distributions_of
from tunegate.adapters.optuna.importance import parameter_importance
from tunegate.adapters.optuna.pruner import make_pruner
from tunegate.adapters.optuna.samplers import keyed_sampler
from tunegate.adapters.optuna.storage import StudyStorage, storage_from_url
from tunegate.adapters.optuna.trial_closer import INTERRUPTED, TrialCloser
from tunegate.adapters.optuna.trial_records import ASKED, OUTCOME, RecordReader
from tunegate.adapters.sql.outages import retry_on_outage
from tunegate.domain.errors import BadInput, FailureClass
from tunegate.domain.parameters import ParameterValue
from tunegate.domain.trials import TrialRecord, TrialState
from tunegate.search.answers import BudgetSpent, TrialToRun, WaitForOthers, reason_to_wait
from tunegate.search.definition import SearchBudget, StudyDefinition, definition_faults
from tunegate.search.failures import production_failed, raise_if_search_failed
from tunegate.search.ranking import finalists, with_uplifts
from tunegate.search.space import Space

_DEFINITION = "definition"
_FORGIVEN = "forgiven_failures"

# Optuna's own log lines would break the live display and the JSON on stdout.
optuna.logging.set_verbosity(optuna.logging.WARNING)


class SearchStudy:
    """Implements the port `Study` on a storage, shared by threads and processes through its lock.

    Open it with `SearchStudy.open`, which is safe to repeat: the first caller creates it, all others join.
    """

    def __init__(self, study: optuna.Study, storage: StudyStorage, definition: StudyDefinition, budget: SearchBudget) -> None:
        self._study = study
        self._lock = storage.lock
        self._definition = definition
        self._budget = budget
        self._space = Space(definition.dimensions, definition.production)
        self._reader = RecordReader(self._space)
        self._closer = TrialCloser(study, self._reader, budget.attempts_per_trial)
        self._waits = False

    @classmethod
    @retry_on_outage
    def open(cls, storage_url: str, definition: StudyDefinition, budget: SearchBudget) -> SearchStudy:
        """Create the study or join it; production's parameters are its first trial, exactly once.

        Raises BadInput, with one fault per difference, when the stored study began with another definition.
        """
        storage = storage_from_url(storage_url, definition.name)
        with storage.lock.acquire():
            study = optuna.create_study(
                storage=storage.storage,
                study_name=definition.name,
                direction="maximize",
                load_if_exists=True,
                pruner=make_pruner(definition.pruner),
            )
            opened = cls(study, storage, definition, budget)
            opened._adopt_definition()
            opened._enqueue_first_trials_once()
        return opened

    def ask(self, worker: str) -> TrialToRun | BudgetSpent | WaitForOthers:
        # Workers that wait for the last trials check without the lock, so that they do not delay those who report them.
        if self._waits and (nothing := self._look_without_lock()) is not None:
            return nothing
        answer = self._ask(worker, uuid4().hex, datetime.now(UTC).isoformat())
        self._waits = not isinstance(answer, TrialToRun)
        return answer

    @retry_on_outage
    def _look_without_lock(self) -> BudgetSpent | WaitForOthers | None:
        known = self._known()
        self._raise_if_search_failed(known)
        return reason_to_wait(known, self._budget.trials)

    @retry_on_outage
    def _ask(self, worker: str, call: str, called_at: str) -> TrialToRun | BudgetSpent | WaitForOthers:
        """An idempotent `ask`: a retry after an outage returns the trial that this `call` was given."""
        self._known()  # Refreshes the cache before the lock is taken, so little is left to read under it.
        with self._lock.acquire():
            self._closer.close_half_asked()
            trials = self._study.get_trials(deepcopy=False)
            if (
                given := next((trial for trial in trials if trial.user_attrs.get(ASKED, {}).get("call") == call), None)
            ) is not None:
                return self._asked(given.number, given.user_attrs[ASKED], given.params)
            known = self._reader.read(trials)
            self._raise_if_search_failed(known)
            asker = {"worker": worker, "call": call, "called_at": called_at}
            return reason_to_wait(known, self._budget.trials) or self._next_trial(known, asker)

    @retry_on_outage
    def report_day(self, number: int, step: int, revenue_minor: float) -> bool:
        """Report the mean fleet revenue of one tuning day (`step` counts them from 0); True when the trial should stop.

        Production is never pruned. Nothing is pruned any more once as many trials were pruned as the budget has, to bound the
        work.
        """
        # Optuna returns writable trials only from `ask`, but another process may report.
        handle = Trial(self._study, self._closer.frozen(number)._trial_id)
        handle.report(revenue_minor, step)
        if self._definition.pruner == "none" or handle.user_attrs[ASKED]["proposal"] == 0:
            return False
        pruned = len(self._study.get_trials(deepcopy=False, states=(OptunaState.PRUNED,)))
        return pruned < self._budget.trials and handle.should_prune()

    def tell_complete(
        self, number: int, revenue_minor_per_day: float, simulated_days: int, simulation_s: float, store_s: float = 0.0
    ) -> None:
        spent = {"simulated_days": simulated_days, "simulation_s": simulation_s, "store_s": store_s}
        self._tell(number, {"state": TrialState.COMPLETE, "revenue_minor_per_day": revenue_minor_per_day, **spent})

    def tell_pruned(self, number: int, simulated_days: int, simulation_s: float, store_s: float = 0.0) -> None:
        spent = {"simulated_days": simulated_days, "simulation_s": simulation_s, "store_s": store_s}
        self._tell(number, {"state": TrialState.PRUNED, "reason": "stopped early: clearly worse by day result", **spent})

    def _tell(self, number: int, outcome: dict[str, Any]) -> None:
        came = datetime.now(UTC)

        @retry_on_outage
        def settle() -> None:
            with self._lock.acquire():
                self._closer.settle(number, {"came_at": came.isoformat(), **outcome})

        settle()

    @retry_on_outage
    def tell_failed(self, number: int, reason: str, failure_class: FailureClass, simulation_s: float = 0.0) -> None:
        with self._lock.acquire():
            outcome = {
                "state": TrialState.FAILED,
                "reason": reason,
                "failure_class": failure_class,
                "simulation_s": simulation_s,
            }
            self._closer.settle(number, outcome)
            self._raise_if_search_failed(self._known())

    @retry_on_outage
    def recover_interrupted(self, worker: str | None = None, alive: Collection[str] = ()) -> int:
        with self._lock.acquire():
            self._closer.close_half_asked()
            stale = [trial for trial in self._running_of(worker) if trial.user_attrs[ASKED]["worker"] not in alive]
            for trial in stale:
                self._closer.settle(trial.number, trial.user_attrs.get(OUTCOME, INTERRUPTED))
            if worker is None:
                self._reset_failure_budget()
        return len(stale)

    @retry_on_outage
    def tell_lost(self, worker: str, reason: str) -> int:
        lost = {"state": TrialState.FAILED, "reason": reason, "failure_class": FailureClass.INFRASTRUCTURE}
        with self._lock.acquire():
            self._closer.close_half_asked()
            stale = self._running_of(worker)
            for trial in stale:
                self._closer.settle(trial.number, trial.user_attrs.get(OUTCOME, lost))
            self._raise_if_search_failed(self._known())
        return len(stale)

    @retry_on_outage
    def trials(self) -> tuple[TrialRecord, ...]:
        return with_uplifts(self._known())

    def is_spent(self) -> bool:
        complete = self._study.get_trials(deepcopy=False, states=(OptunaState.COMPLETE,))
        return len(complete) >= self._budget.trials

    def top_k(self, k: int) -> tuple[TrialRecord, ...]:
        return finalists(self.trials(), self._definition.production, k)

    @retry_on_outage
    def importance(self) -> dict[str, float] | None:
        return parameter_importance(self._study)

    def _known(self) -> tuple[TrialRecord, ...]:
        """Every trial so far, without uplifts."""
        return self._reader.read(self._study.get_trials(deepcopy=False))

    def _running_of(self, worker: str | None) -> list[FrozenTrial]:
        """Running trials of one worker or of all. The caller holds the lock and has closed half-asked trials."""
        running = self._study.get_trials(deepcopy=False, states=(OptunaState.RUNNING,))
        return [trial for trial in running if worker is None or trial.user_attrs[ASKED]["worker"] == worker]

    def _adopt_definition(self) -> None:
        document = self._definition.as_document()
        stored = self._study.user_attrs.get(_DEFINITION)
        if stored is None:
            self._study.set_user_attr(_DEFINITION, document)
        elif faults := definition_faults(stored, document, self._definition.name):
            raise BadInput(*faults)

    def _enqueue_first_trials_once(self) -> None:
        """Production, then the definition's start; each is a proposal of its own, and the sampler's follow."""
        known = {trial.user_attrs.get(ASKED, {}).get("proposal") for trial in self._study.get_trials(deepcopy=False)}
        for proposal, parameters in enumerate([self._definition.production, *self._definition.start]):
            if proposal not in known:
                self._closer.enqueue(self._space.searched(parameters), proposal, attempt=1)

    def _reset_failure_budget(self) -> None:
        known = self._known()
        forgiven = [record.number for record in known if record.state is TrialState.FAILED]
        if forgiven != self._study.user_attrs.get(_FORGIVEN, []):
            self._study.set_user_attr(_FORGIVEN, forgiven)
        if production_failed(known):
            self._closer.enqueue(self._space.searched_production, proposal=0, attempt=1)

    def _next_trial(self, known: Sequence[TrialRecord], asker: Mapping[str, str]) -> TrialToRun:
        """Take the oldest waiting trial, or let the sampler propose a new one. The lock is held."""
        waiting = next((record for record in known if record.state is TrialState.WAITING), None)
        proposal = waiting.proposal if waiting else 1 + max(record.proposal for record in known)
        attempt = waiting.attempt if waiting else 1
        distributions = distributions_of(self._space)
        if waiting is None:
            self._study.sampler = keyed_sampler(self._definition.sampler, self._definition.seed, proposal)
        trial = self._study.ask(distributions)
        asked = {"proposal": proposal, "attempt": attempt, **asker, "at": datetime.now(UTC).isoformat()}
        trial.set_user_attr(ASKED, asked)
        return self._asked(trial.number, asked, trial.params)

    def _asked(self, number: int, asked: Mapping[str, Any], searched: Mapping[str, ParameterValue]) -> TrialToRun:
        return TrialToRun(number, asked["proposal"], asked["attempt"], self._space.complete(searched))

    def _raise_if_search_failed(self, known: Sequence[TrialRecord]) -> None:
        raise_if_search_failed(known, self._study.user_attrs.get(_FORGIVEN, ()), self._budget)
