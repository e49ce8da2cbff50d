"""Where a search starts, when other regions have searched before: their best trials, moved into this region's space."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tunegate.config.region import RegionConfig
from tunegate.domain.parameters import Parameters
from tunegate.ports.campaign_store import CampaignRow, CampaignStatus, CampaignStore
from tunegate.search.space import Space

BEST = "best"  # in the outcome of a finished campaign: its best trials' parameters, the confirmed winner first


def newest_finished(book: CampaignStore, region: str) -> CampaignRow | None:
    """The region's newest campaign that finished, None when none has."""
    return next((row for row in book.of_region(region) if row.status is CampaignStatus.FINISHED), None)


def best_first(candidate: Parameters | None, ranked: Sequence[Parameters]) -> list[dict[str, float]]:
    """What a finished campaign keeps for others: the winner of its confirmation, then the best of its search."""
    ordered = ([] if candidate is None else [candidate]) + list(ranked)
    return [dict(parameters) for parameters in {parameters.digest: parameters for parameters in ordered}.values()]


def start_points(config: RegionConfig, finished: Iterable[CampaignRow]) -> tuple[Parameters, ...]:
    """Trials for this region to begin with: distinct, within its space, production's own left out.

    Of each campaign the best `confirm_top`, of all together no more than the budget has places beside production.
    """
    space = Space(config.dimensions, config.production)
    found: dict[str, Parameters] = {}
    for row in finished:
        kept = (row.outcome or {}).get(BEST, [])
        best = kept if isinstance(kept, list) else []
        for parameters in best[: config.search.confirm_top]:
            point = space.nearest(parameters)
            found.setdefault(point.digest, point)
    found.pop(config.production.digest, None)
    return tuple(found.values())[: config.search.trials - 1]
