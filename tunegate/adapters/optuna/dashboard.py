"""Optuna's dashboard on the studies of an installation."""

from __future__ import annotations

from pathlib import Path

from optuna_dashboard import run_server

from tunegate.adapters.optuna.all_studies import AllStudies


def serve_folder(folder: Path, host: str, port: int) -> None:
    """Show the studies of a folder, read-only, until the process ends."""
    folder.mkdir(parents=True, exist_ok=True)
    run_server(AllStudies(folder), host=host, port=port)


def serve_database(url: str, host: str, port: int) -> None:
    """Show the studies of a database, until the process ends."""
    run_server(url, host=host, port=port)
