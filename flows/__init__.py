"""Top floor: Prefect flows that read like runbooks, and the command line."""
