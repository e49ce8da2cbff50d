"""A database that is away for a while: what is safe to repeat is repeated, for a bounded time, here and nowhere else.

A failover of a managed MySQL takes about a minute, a restart of the proxy in front of it some seconds. Both break every open
connection, and the transaction that was open over one is gone. Repeating is then right for reads and for writes that may be
said twice; it is wrong for a write whose commit may or may not have arrived and that would count twice.
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

# Longer than a failover; then a person has to look.
PATIENCE_S = 180.0
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 2.0

# Error numbers of MySQL and of its client after which the transaction is known to be gone and another try may succeed.
_CONNECTION_LOST = {1040, 1053, 1152, 1158, 1159, 1160, 1161, 1927, 2002, 2003, 2006, 2013, 2055, 4031}
_ROLLED_BACK = {1205, 1213}  # lock wait time-out, deadlock
_READ_ONLY = {1290, 1836}  # The old primary, for a moment of a failover.
_WORTH_A_TRY = _CONNECTION_LOST | _ROLLED_BACK | _READ_ONLY

_log = logging.getLogger("tunegate.database")


class ConnectionLost(Exception):
    """A connection ended that held more than a transaction. What was done under it must begin again."""


def passes(error: BaseException) -> bool:
    """Whether this error, or what caused it, is a database that is away for a while or asks to try again."""
    for each in _causes(error):
        if isinstance(each, DatabaseUnreachable):
            return False  # It was waited for, or must not be said again.
        if isinstance(each, ConnectionLost):
            return True
        if isinstance(each, DBAPIError):
            number = each.orig.args[0] if each.orig is not None and each.orig.args else None
            return each.connection_invalidated or number in _WORTH_A_TRY
    return False


def patient(method: Callable[P, T]) -> Callable[P, T]:
    """Repeat a call over outages. For reads, and for writes that change nothing when they are said again.

    Raises DatabaseUnreachable when the outage outlasts `PATIENCE_S`.
    """

    @functools.wraps(method)
    def over_outages(*arguments: P.args, **named: P.kwargs) -> T:
        return repeated(lambda: method(*arguments, **named), PATIENCE_S)

    return over_outages


def repeated(work: Callable[[], T], patience_s: float) -> T:
    """What `work` returns, asked again while the database is away. Raises DatabaseUnreachable after `patience_s`."""
    began = time.monotonic()
    pause_s = _FIRST_PAUSE_S
    while True:
        try:
            return work()
        except Exception as error:
            if not passes(error):
                raise
            if time.monotonic() + pause_s > began + patience_s:
                raise DatabaseUnreachable(_unreachable(error, patience_s)) from error
            if pause_s == _FIRST_PAUSE_S:
                _log.warning("the database is away (%s); trying again for at most %.0f s", _words(error), patience_s)
        # Of many processes that lost one database, not all come back in the same moment.
        time.sleep(pause_s * random.uniform(0.5, 1.0))  # noqa: S311 - decides nothing but a pause
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)


@contextmanager
def said_once(rule: str, remedy: str) -> Iterator[None]:
    """Around the commit of a write that must not be repeated: an outage leaves open whether it arrived.

    Raises DatabaseUnreachable then, which `patient` does not repeat; before the commit, it may.
    """
    try:
        yield
    except DBAPIError as error:
        if not passes(error):
            raise
        raise DatabaseUnreachable(
            Fault(rule, f"an outage while it was committed ({_words(error)})", "the database", remedy)
        ) from error


def _unreachable(error: Exception, patience_s: float) -> Fault:
    rule, remedy = "the database must answer", "Look at the server, and at the proxy in front of it; then resume."
    return Fault(rule, f"no answer for {patience_s:.0f} s ({_words(error)})", "the database", remedy)


def _words(error: BaseException) -> str:
    """What the driver says, which names host and user but no password."""
    return next((str(each.orig) for each in _causes(error) if isinstance(each, DBAPIError)), str(error))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error, and what it was raised from or while handling: libraries wrap what the driver raised."""
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
