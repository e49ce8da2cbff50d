"""How long a process counts as alive that has stopped renewing its lease, and every interval that follows from it."""

from __future__ import annotations

from dataclasses import dataclass

from tunegate.domain.errors import BadInput, Fault

LEASE_VARIABLE = "TUNEGATE_LEASE_SECONDS"
SHORTEST_S, LONGEST_S = 10.0, 3600.0
# Long enough for a database that restarts (10 s) and a loop that is busy, short enough that a lost machine costs a minute.
DEFAULT_S = 60.0
START_S = 60.0  # from RUNNING to a lease: imports take seconds on a cold node


@dataclass(frozen=True, slots=True)
class LeaseTimes:
    """All of it follows from `lease_s`: a lease can miss five renewals before it runs out."""

    lease_s: float = DEFAULT_S

    @classmethod
    def parse(cls, text: str) -> LeaseTimes:
        """From the text of TUNEGATE_LEASE_SECONDS; empty means the default. Raises BadInput."""
        try:
            lease_s = float(text or DEFAULT_S)
        except ValueError:
            lease_s = 0.0
        if not SHORTEST_S <= lease_s <= LONGEST_S:
            rule = f"a lease must last {SHORTEST_S:g} to {LONGEST_S:g} seconds"
            raise BadInput(Fault(rule, text, LEASE_VARIABLE, f"Leave it out for the default of {DEFAULT_S:g}."))
        return cls(lease_s)

    @property
    def renew_every_s(self) -> float:
        """Between two renewals by the holder."""
        return self.lease_s / 6

    @property
    def ask_again_s(self) -> float:
        """Between two attempts to get a lease that somebody else holds."""
        return self.lease_s / 30

    @property
    def check_every_s(self) -> float:
        """Between two looks at the leases of runs that are waited for."""
        return self.lease_s / 4

    @property
    def missing_after_s(self) -> float:
        """From RUNNING until a run without a lease is lost: an older lease must have run out, or there may be none yet."""
        return self.lease_s + START_S
