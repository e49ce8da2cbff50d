"""What flows and tasks share about Prefect: child runs, leases, notifications, suspended runs."""
