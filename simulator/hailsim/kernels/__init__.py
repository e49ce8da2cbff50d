"""Compiled inner loops over plain arrays: no domain objects, no dates, no exceptions. `model` and `planner` wrap them."""

from hailsim.kernels.compiled import use_cache_keyed_by_sources

use_cache_keyed_by_sources()
