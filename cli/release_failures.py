"""Failures of releases and of their publication, as failures of a command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from cli.exit_codes import CommandFailed
from tunegate.release.service import PublishingFailed, ReleaseLost


@contextmanager
def release_failures(region: str) -> Iterator[None]:
    """Raise CommandFailed for what can go wrong inside `with`, and say what helps."""
    try:
        yield
    except ReleaseLost as error:
        raise CommandFailed(str(error)) from error
    except PublishingFailed as error:
        remedy = f"The registry has it; once the cause is removed, `tunegate registry repair {region}` publishes it."
        raise CommandFailed(f"{error}. {remedy}") from error
