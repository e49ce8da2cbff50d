"""Readers of recorded trips and road networks, and the import that turns them into a city folder."""
