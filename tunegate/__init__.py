"""tunegate: tune a running recommender by simulation and let only proven parameters into production.

This is the domain library. It knows no orchestrator: `flows` and `tasks` sit above it.
"""

__version__ = "0.1.0"
