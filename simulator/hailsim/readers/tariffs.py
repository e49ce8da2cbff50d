"""Published taxi tariffs, linearised to flag fall, distance and time in minor units.

A taximeter charges a step at the beginning of each fraction of a mile, so a ride pays half a step more than its distance on
average, and the flag fall includes the first step. Hence: flag fall minus half a step, and the step's price per distance.
"""

from __future__ import annotations

from hailsim.model.city import Fare

_KM_PER_MILE = 1.609344


def metered(currency: str, flag_minor: int, step_minor: int, step_miles: float, per_minute_minor: int) -> Fare:
    """A metered tariff (first step and each further step) in a currency with 100 minor units."""
    return Fare(
        currency=currency,
        minor_per_major=100,
        flag_fall_minor=round(flag_minor - step_minor / 2.0),
        per_km_minor=round(step_minor / (step_miles * _KM_PER_MILE)),
        per_minute_minor=per_minute_minor,
    )


TARIFFS = {
    # San Francisco 2008: $3.10 for the first 1/5 mile, $0.45 for each further 1/5 mile and for each minute of waiting.
    "san_francisco_2008": metered("USD", 310, 45, 0.2, 45),
    # New York since September 2012: $2.50 with the first 1/5 mile, $0.50 for each further 1/5 mile or minute in slow traffic.
    # Night, rush-hour, MTA and improvement surcharges and tolls are left out.
    "new_york_2012": metered("USD", 250, 50, 0.2, 50),
}
