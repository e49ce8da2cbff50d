"""Adapters on SQL databases (SQLite, MySQL) through SQLAlchemy."""
