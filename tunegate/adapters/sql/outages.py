"""Retrying while a database is unavailable; the only place that does.

A failover of a managed MySQL takes about a minute, a restart of the proxy in front of it some seconds. Both break every open
connection and roll back its transaction. Reads and idempotent writes are then retried for a bounded time. A commit that is not
idempotent is not retried: it may have arrived.
"""

from __future__ import annotations

import functools
import logging
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from sqlalchemy.exc import DBAPIError

from tunegate.domain.errors import DatabaseUnreachable, Fault

P = ParamSpec("P")
T = TypeVar("T")

# Longer than a failover takes.
RETRY_FOR_S = 180.0
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 2.0

# Error numbers of MySQL and of its client after which the transaction is known to be gone and another try may succeed.
_CONNECTION_LOST = {1040, 1053, 1152, 1158, 1159, 1160, 1161, 1927, 2002, 2003, 2006, 2013, 2055, 4031}
_ROLLED_BACK = {1205, 1213}  # lock wait time-out, deadlock
_READ_ONLY = {1290, 1836}  # The old primary, for a moment of a failover.
_WORTH_A_TRY = _CONNECTION_LOST | _ROLLED_BACK | _READ_ONLY

_log = logging.getLogger(__name__)


class ConnectionLost(Exception):
    """A connection that held a lock ended. The work under that lock must start again."""


def is_transient(error: BaseException) -> bool:
    """Whether this error, or its cause, says that the database is temporarily unavailable or that a retry may succeed."""
    for each in _causes(error):
        if isinstance(each, DatabaseUnreachable):
            return False  # It was retried already, or must not be.
        if isinstance(each, ConnectionLost):
            return True
        if isinstance(each, DBAPIError):
            number = each.orig.args[0] if each.orig is not None and each.orig.args else None
            return each.connection_invalidated or number in _WORTH_A_TRY
    return False


def retry_on_outage(method: Callable[P, T]) -> Callable[P, T]:
    """Retry a call during outages. For reads and idempotent writes only.

    Raises DatabaseUnreachable when the outage outlasts `RETRY_FOR_S`.
    """

    @functools.wraps(method)
    def retried(*arguments: P.args, **named: P.kwargs) -> T:
        return retry(lambda: method(*arguments, **named), RETRY_FOR_S)

    return retried


def retry(work: Callable[[], T], retry_for_s: float) -> T:
    """Retry `work` while the database is unavailable. Raises DatabaseUnreachable after `retry_for_s`."""
    began = time.monotonic()
    pause_s = _FIRST_PAUSE_S
    while True:
        try:
            return work()
        except Exception as error:
            if not is_transient(error):
                raise
            if time.monotonic() + pause_s > began + retry_for_s:
                raise DatabaseUnreachable(_unreachable(error, retry_for_s)) from error
            if pause_s == _FIRST_PAUSE_S:
                _log.warning(
                    "the database is unavailable (%s); retrying for at most %.0f s", _driver_message(error), retry_for_s
                )
        # Jitter: many processes lost the same database.
        time.sleep(pause_s * random.uniform(0.5, 1.0))  # noqa: S311 - only a pause
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)


@contextmanager
def commit_once(rule: str, remedy: str) -> Iterator[None]:
    """Wrap a commit that is not idempotent: after an outage nobody knows whether it arrived.

    Raises DatabaseUnreachable then, which `retry_on_outage` does not retry.
    """
    try:
        yield
    except DBAPIError as error:
        if not is_transient(error):
            raise
        raise DatabaseUnreachable(
            Fault(rule, f"an outage while it was committed ({_driver_message(error)})", "the database", remedy)
        ) from error


def _unreachable(error: Exception, retry_for_s: float) -> Fault:
    rule, remedy = "the database must answer", "Look at the server, and at the proxy in front of it; then resume."
    return Fault(rule, f"no answer for {retry_for_s:.0f} s ({_driver_message(error)})", "the database", remedy)


def _driver_message(error: BaseException) -> str:
    """The driver's message. It names host and user but no password."""
    return next((str(each.orig) for each in _causes(error) if isinstance(each, DBAPIError)), str(error))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and its chain of causes: libraries wrap the driver's errors."""
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
