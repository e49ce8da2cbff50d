"""Prefect tasks: one effect each, safe to repeat."""
