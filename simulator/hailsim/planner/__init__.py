"""The recommender's parameters and plan, and the behaviour of observed cabs without it."""
