"""Real services, started when a test first asks for one and shared by the tests of a process."""

from __future__ import annotations

pytest_plugins = ["tests.services.bigquery", "tests.services.gcs", "tests.services.mariadb"]
