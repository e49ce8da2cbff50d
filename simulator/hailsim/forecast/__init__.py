"""How many pickups a recommender expects: per zone and half hour, from statistics or from a learnt model."""
