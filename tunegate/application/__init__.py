"""Use cases: what tunegate does for its users, on the ports, without an orchestrator."""
