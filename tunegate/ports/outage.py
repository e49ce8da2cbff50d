"""When a service behind a port stays away."""

from __future__ import annotations


class Outage(ConnectionError):
    """A service did not answer within the time-out, or answered every attempt with a temporary error.

    The operation may or may not have been done. Every operation of the ports here can be repeated later.
    """
