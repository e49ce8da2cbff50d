"""Calls to Google Cloud: retried for a bounded time while a service is unavailable, with errors that say what to do.

The clients' own retries are switched off (`retry=None` on every call): they last up to 600 s, and differ from method to method.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import requests
from google.api_core import exceptions as api
from google.api_core.retry import Retry
from google.auth import exceptions as auth

from tunegate.domain.errors import BadInput, Fault
from tunegate.ports.outage import Outage

CALL_TIMEOUT_S = 30.0
RETRY_FOR_S = 180.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.25, 8.0

# BigQuery reports these with HTTP 400 or 403, where other services use 429 or 503. resourcesExceeded: a full DML queue.
TRANSIENT_REASONS = frozenset(
    {
        "backendError",
        "internalError",
        "jobBackendError",
        "jobInternalError",
        "jobRateLimitExceeded",
        "rateLimitExceeded",
        "resourcesExceeded",
        "tableUnavailable",
    }
)
_TRANSIENT = (
    api.TooManyRequests,
    api.ServerError,
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    auth.TransportError,
)
_REFUSED = (api.Unauthorized, api.Forbidden, auth.GoogleAuthError)

T = TypeVar("T")


class TransientError(Exception):
    """A call that failed and may succeed when it is retried."""


class Caller:
    """Retries calls. `place` names the resource in errors; `remedy` says what to do when access is refused."""

    def __init__(self, place: str, remedy: str, retry_for_s: float = RETRY_FOR_S) -> None:
        self._location = place
        self._remedy = remedy
        self._retry = Retry(
            predicate=_is_transient, initial=FIRST_PAUSE_S, maximum=LONGEST_PAUSE_S, multiplier=2.0, timeout=retry_for_s
        )

    def __call__(self, call: Callable[..., T], *arguments: Any, **options: Any) -> T:
        """Call a client's method with retries. Errors that `explained` does not cover are raised unchanged."""
        with self.explained():
            return self._retry(call)(*arguments, retry=None, timeout=CALL_TIMEOUT_S, **options)

    def retry(self, work: Callable[[], T]) -> T:
        """Call `work` with retries; `work` sets the time limits of its own calls."""
        with self.explained():
            return self._retry(work)()

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Raise Outage for a service that stays unavailable, BadInput when it refuses our account."""
        try:
            yield
        except api.RetryError as error:
            raise Outage(
                f"{self._location}: no successful answer within {self._retry.timeout:g} s, last: {error.cause}"
            ) from error
        except _REFUSED as error:
            rule = "Google Cloud must accept the account that tunegate runs as"
            raise BadInput(Fault(rule, in_short(error), self._location, self._remedy)) from error


def in_short(error: object) -> str:
    """The first line of what an error says, without the full stop."""
    return next(iter(str(error).splitlines()), type(error).__name__)[:300].rstrip(". ")


def _is_transient(error: BaseException) -> bool:
    if isinstance(error, (TransientError, *_TRANSIENT)):
        return True
    return isinstance(error, (api.Forbidden, api.BadRequest)) and any(
        isinstance(each, dict) and each.get("reason") in TRANSIENT_REASONS for each in error.errors
    )
