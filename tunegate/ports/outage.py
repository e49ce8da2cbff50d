"""When a service behind a port stays away."""

from __future__ import annotations


class Outage(ConnectionError):
    """A service did not answer for as long as it is worth waiting, or answered every time that it cannot now.

    What was asked of it may or may not have been done; every port here may be asked the same again later.
    """
