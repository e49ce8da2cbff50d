"""The recommender: what is tuned of it, how its plan is prepared, and how observed cabs move without it."""
