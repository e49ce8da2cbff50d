"""The search as an Optuna study: storage, samplers, ask and tell."""
