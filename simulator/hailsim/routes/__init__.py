"""What drivers are told: the ways of vacant taxis that follow the recommendation, and one taxi's whole day."""
