"""Implementations of the ports: simulator processes, SQL stores, the clock. Only `tunegate.installation` builds them."""
