"""What a city is, and how a fleet works in it."""
