"""Optuna's dashboard on the studies of an installation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from optuna_dashboard import wsgi

from tunegate.adapters.optuna.all_studies import AllStudies

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication


def studies_of_folder(folder: Path) -> WSGIApplication:
    """A dashboard of the studies of a folder, read-only."""
    folder.mkdir(parents=True, exist_ok=True)
    application: WSGIApplication = wsgi(AllStudies(folder))
    return application


def studies_of_database(url: str) -> WSGIApplication:
    """A dashboard of the studies of a database, which it could change."""
    application: WSGIApplication = wsgi(url)
    return application
