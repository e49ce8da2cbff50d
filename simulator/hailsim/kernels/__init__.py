"""Compiled inner loops over plain arrays. They know no city, no date and no exception: the shells in `model` and `planner` do."""
