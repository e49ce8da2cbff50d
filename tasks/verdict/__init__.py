"""Tasks that confirm, judge, record and check routes."""
