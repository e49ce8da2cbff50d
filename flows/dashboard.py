"""`python -m flows.dashboard HOST PORT`: the process that shows the studies, with no address of a database in its command."""

from __future__ import annotations

import sys

from tunegate import wiring

if __name__ == "__main__":
    wiring.serve_studies(sys.argv[1], int(sys.argv[2]))
