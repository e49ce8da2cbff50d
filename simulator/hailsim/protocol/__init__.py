"""The external interface: a JSON request in, JSON lines out. The schemas are in `hailsim.contract`."""
