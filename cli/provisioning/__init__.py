"""Work pools, deployments, blocks, automations and schedules of a Prefect server."""
