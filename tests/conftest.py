"""Real services, started when a test first asks for one and shared by the tests of a process."""

from __future__ import annotations

import signal

pytest_plugins = ["tests.fast_set", "tests.services.bigquery", "tests.services.gcs", "tests.services.mariadb"]

# A shell's background jobs ignore Ctrl-C, and so would everything that tests start and then interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
