"""`tunegate check`: every fault of a configuration at once."""

from __future__ import annotations

import asyncio

from cli.exit_codes import EXIT_OK
from cli.terminal import print_note
from tunegate.application.campaigns import plan_campaign, read_config
from tunegate.config.reviewed import provenance_of
from tunegate.installation import Installation


def run(config: str, overrides: tuple[str, ...]) -> int:
    """Check the configuration against its simulator and city, and print its periods. Raises BadInput with every fault."""
    installation = Installation.from_environment()
    plan = asyncio.run(plan_campaign(installation, read_config(installation.registry, config, overrides), "check"))
    print_note(f"{config}: fits {plan.description.name} {plan.description.version} and the city {plan.city_facts.name}")
    for name, period in plan.periods.in_order():
        print_note(f"  {name:<10} {period}  ({len(period.days)} days)")
    for reason in provenance_of(plan.config, installation.workspace.configs).exploratory:
        print_note(f"  exploratory: {reason}; a verdict under it can never be released")
    return EXIT_OK
