"""Worlds that fit the records: `hailsim calibrate`."""
