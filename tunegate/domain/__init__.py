"""Frozen value types that all other packages use. Imports no other package of tunegate."""
