"""Release experiments: the schedule of a switchback, its observations, their checks, the analysis and the decision. Pure."""
