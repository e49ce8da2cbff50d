"""Compiled inner loops over plain arrays. They know no city, no date, no exception: the shells in `model` and `planner` do."""
