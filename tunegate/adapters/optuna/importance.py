"""Parameter importance by PED-ANOVA: the share of each parameter in what distinguishes the best quarter of trials."""

from __future__ import annotations

from optuna import Study
from optuna.trial import TrialState

# The best quarter then holds five trials, the fewest for which Optuna calls the estimate stable.
MINIMUM_TRIALS = 20
BEST_SHARE = 0.25


def parameter_importance(study: Study) -> dict[str, float] | None:
    """Shares that sum to 1, largest first; None with fewer than `MINIMUM_TRIALS` complete trials or without any contrast."""
    # Loads scikit-learn, which takes a second and only the report needs.
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances  # noqa: PLC0415

    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len(complete) < MINIMUM_TRIALS or len({trial.value for trial in complete}) < 2:
        return None
    shares = get_param_importances(study, evaluator=PedAnovaImportanceEvaluator(target_quantile=BEST_SHARE))
    return shares if sum(shares.values()) > 0 else None
