"""The same request gives the same bits in every process, and on every processor of one architecture."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from hailsim import __version__

TESTS = Path(__file__).parent
# With the locked packages on x86-64. `python simulator/tests/digest_runs.py` prints it anew after a change of the model, which
# is a new version of hailsim.
VERSION, GOLDEN = "0.2.0", "778997e5ce990ad1f0230b4fedf14b6ad3462adb7915a07aea979086fba3bb02"
VECTOR_UNITS = "X86_V3 X86_V4 AVX512_ICL AVX512_SPR"


def digest(**environment: str) -> str:
    done = subprocess.run(
        [sys.executable, str(TESTS / "digest_runs.py")],
        env=os.environ | environment,
        cwd=TESTS,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.slow
@pytest.mark.skipif(platform.machine() != "x86_64", reason="the digest was taken on x86-64")
def test_a_new_process_gives_the_committed_digest() -> None:
    assert (__version__, digest()) == (VERSION, GOLDEN)


@pytest.mark.slow
@pytest.mark.skipif(platform.machine() != "x86_64", reason="the digest was taken on x86-64")
def test_a_processor_without_wide_vectors_and_fused_multiplication_gives_the_same_bits(tmp_path: Path) -> None:
    plain = {
        "NUMBA_CPU_NAME": "x86-64",
        "NUMBA_CPU_FEATURES": "",
        "NUMBA_CACHE_DIR": str(tmp_path),
        "NPY_DISABLE_CPU_FEATURES": VECTOR_UNITS,
    }
    assert digest(**plain) == GOLDEN
