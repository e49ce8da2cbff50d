"""Readers of recorded trips and road networks, and the import that makes a city folder of them."""
