"""The search: Optuna inside, domain types outside; knows no orchestrator."""
