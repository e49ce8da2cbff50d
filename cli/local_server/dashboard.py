"""`python -m cli.local_server.dashboard HOST PORT`: serve the studies. The database address is not on its command line."""

from __future__ import annotations

import sys

from tunegate import wiring

if __name__ == "__main__":
    wiring.serve_studies(sys.argv[1], int(sys.argv[2]))
