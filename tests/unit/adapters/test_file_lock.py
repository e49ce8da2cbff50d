import asyncio
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tunegate.adapters.local.file_lock import FileLock

HOLD_IT = """
import sys, time
from pathlib import Path
from tunegate.adapters.local.file_lock import FileLock
held = FileLock(Path(sys.argv[1])).acquire()
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def lock(tmp_path: Path) -> FileLock:
    return FileLock(tmp_path / "a" / "b.lock")


def test_a_lock_is_held_once_even_within_one_process_and_is_free_after_its_block(lock: FileLock) -> None:
    with lock.acquire():
        assert FileLock(lock.path).try_acquire() is None
        assert lock.is_held()
    again = lock.try_acquire()
    assert again is not None
    again.release()
    again.release()
    assert not lock.is_held()


def test_threads_take_turns(lock: FileLock) -> None:
    inside, most = [0], [0]

    def enter() -> None:
        for _ in range(50):
            with lock.acquire():
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                inside[0] -= 1

    threads = [threading.Thread(target=enter) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]


def test_a_killed_process_leaves_the_lock_free(lock: FileLock) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLD_IT, str(lock.path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    try:
        assert holder.stdout.readline() == "held\n"
        assert lock.try_acquire() is None
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        holder.stdout.close()
    held = lock.try_acquire()
    assert held is not None
    held.release()


def test_looking_creates_no_file(lock: FileLock) -> None:
    assert not lock.is_held()
    assert not lock.path.exists()


async def test_waiting_leaves_the_event_loop_free(lock: FileLock) -> None:
    held = lock.acquire()
    waiting = asyncio.create_task(lock.acquire_async())
    await asyncio.sleep(0.01)
    assert not waiting.done()
    held.release()
    (await asyncio.wait_for(waiting, 5)).release()


def test_a_folder_that_cannot_be_made_is_an_error_of_the_operating_system(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        FileLock(tmp_path / "file" / "b.lock").acquire()
