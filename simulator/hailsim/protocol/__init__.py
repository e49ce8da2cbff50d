"""hailsim as other programs see it: one JSON request in, JSON lines out. The schemas are in `hailsim.contract`."""
