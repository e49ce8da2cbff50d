"""What people type: commands, the local server behind them, and provisioning of a Prefect server."""
