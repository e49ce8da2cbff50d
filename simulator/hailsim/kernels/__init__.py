"""Compiled inner loops over plain arrays. They know no city, no date, no exception: the shells in `model` and `planner` do."""

from hailsim.kernels.compiled import keep_compiled_code_by_source

keep_compiled_code_by_source()
