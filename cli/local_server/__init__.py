"""The Prefect server and the processes that commands start on this machine."""
