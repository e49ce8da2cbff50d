"""Programs from Debian packages: found, or the test skips; in CI they must be there."""

from __future__ import annotations

import os
import shutil

import pytest


def program(name: str) -> str:
    """The path of an installed program. Skips the test where it is missing, and fails it where CI=true."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is not None:
        return found
    reason = f"{name} is not installed: run scripts/install_test_services.sh"
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
