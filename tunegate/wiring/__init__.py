"""The only place where adapters are built and chosen. Everything is made once per process, when first needed.

`places` says where things are kept, `campaigns` and `release` put the domain to work on them, `regions` keeps campaigns of a
region apart, and `running` holds what a process has at hand meanwhile.
"""

from tunegate.adapters.local.source_version import git_commit
from tunegate.wiring.campaigns import (
    REQUESTER,
    begin_campaign,
    campaign_name,
    city_at_hand,
    plan,
    plan_region,
    region_config,
    rejoin_campaign,
    serve_studies,
    study,
    unfinished_campaign,
)
from tunegate.wiring.places import Stores, analytics, clock, publisher, reports, stores, workspace
from tunegate.wiring.regions import exclusive_region, refuse_if_elsewhere, region_holder, region_lease
from tunegate.wiring.release import live_production, release_candidate, release_service
from tunegate.wiring.running import (
    announce,
    close_simulators,
    has_listeners,
    listening,
    simulator_pool,
    simulators,
)

__all__ = [
    "REQUESTER",
    "Stores",
    "analytics",
    "announce",
    "begin_campaign",
    "campaign_name",
    "city_at_hand",
    "clock",
    "close_simulators",
    "exclusive_region",
    "git_commit",
    "has_listeners",
    "listening",
    "live_production",
    "plan",
    "plan_region",
    "publisher",
    "refuse_if_elsewhere",
    "region_config",
    "region_holder",
    "region_lease",
    "rejoin_campaign",
    "release_candidate",
    "release_service",
    "reports",
    "serve_studies",
    "simulator_pool",
    "simulators",
    "stores",
    "study",
    "unfinished_campaign",
    "workspace",
]
