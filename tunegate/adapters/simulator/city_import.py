"""Imports raw data into a city folder with `COMMAND import SOURCE --out DIR`, once for each content of the data.

The record of what a city was made from lies beside its folder, not in it: a simulator digests all files of a city.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tunegate.adapters.local.file_lock import FileLock
from tunegate.adapters.simulator.command import resolve_command, simulator_environment
from tunegate.adapters.simulator.process import LineTooLong, describe_exit, start_process
from tunegate.domain.canonical import canonical_json, content_digest
from tunegate.domain.errors import BadInput, Fault

DIGITS_OF_ORIGIN = 12


@dataclass(frozen=True, slots=True)
class ImportedCity:
    """A city folder. `messages` is the importer's stderr, e.g. rejected rows; `fresh` if it was imported just now."""

    folder: Path
    fresh: bool
    messages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CityImporter:
    """Imports cities into `cities`, each into a folder named by what it was made from.

    New data never replaces the city of a running campaign, and machines that import the same data have the city in the same
    folder. made_by: name and version of the simulator; a new version imports again.
    """

    command: Sequence[str]
    made_by: str
    cities: Path
    timeout_s: float = 1800.0

    async def city_of(self, region: str, source: Path) -> ImportedCity:
        """The city folder made from `source`, a file or a folder; imported now unless the cache has it.

        The folder is complete or absent, never partial. Raises BadInput with the importer's words when it refuses.
        """
        command = resolve_command(self.command)
        _refuse_missing(source)
        origin = {
            "command": [Path(command[0]).name, *command[1:]],
            "made_by": self.made_by,
            "source_digest": await asyncio.to_thread(_content_digest, source),
        }
        made_from = content_digest(origin).removeprefix("sha256:")
        cache = _CityCache(self.cities / made_from[:DIGITS_OF_ORIGIN], region)
        with await cache.lock.acquire_async():
            cached = cache.find(origin)
            if cached is not None:
                return cached
            with cache.empty_partial() as partial:
                messages = await self._run((*command, "import", str(source), "--out", str(partial)), source)
                return cache.put(partial, origin, messages, source)

    async def _run(self, command: tuple[str, ...], source: Path) -> tuple[str, ...]:
        process = await start_process(command, simulator_environment(os.environ), stdin=False)
        try:
            async with asyncio.timeout(self.timeout_s):
                code, _ = await process.read_all()
        except TimeoutError:
            found = f"still running after {self.timeout_s:g} s"
            raise BadInput(Fault("an import must end", found, str(source), "Try a smaller source by hand.")) from None
        except LineTooLong:
            remedy = "Correct the simulator: it has nothing to print there."
            raise BadInput(Fault("an import must print little", "over 16 MiB", str(source), remedy)) from None
        finally:
            await process.kill()
        if code != 0:
            words = "\n".join(process.stderr_tail) or "nothing said on stderr"
            remedy = "Correct the data or simulator.city_source."
            found = f"{describe_exit(code)}:\n{words}"
            raise BadInput(Fault("the simulator must be able to import the city data", found, str(source), remedy))
        return process.stderr_tail


class _CityCache:
    """The cached city of one region: its folder, the record of what it was made from, and a lock."""

    def __init__(self, cities: Path, region: str) -> None:
        cities.mkdir(parents=True, exist_ok=True)
        self.lock = FileLock(cities / f"{region}.lock")
        self._folder = cities / region
        self._record = cities / f"{region}.import.json"
        # The importer may take the folder's name for the city's, so it must have its final one.
        self._partial = cities / f".{region}.partial" / region

    def find(self, origin: Mapping[str, object]) -> ImportedCity | None:
        """The city, if it was made from just this and no file is missing or truncated."""
        try:
            record = json.loads(self._record.read_text("utf-8"))
            if record["origin"] == origin and record["files"] == _sizes(self._folder):
                return ImportedCity(self._folder, fresh=False, messages=tuple(record["messages"]))
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            # No record, or an unreadable one: the city is imported again.
            return None
        return None

    @contextmanager
    def empty_partial(self) -> Iterator[Path]:
        """A folder to import into, emptied of what a killed import left."""
        shutil.rmtree(self._partial.parent, ignore_errors=True)
        self._partial.parent.mkdir()
        try:
            yield self._partial
        finally:
            shutil.rmtree(self._partial.parent, ignore_errors=True)

    def put(self, partial: Path, origin: Mapping[str, object], messages: tuple[str, ...], source: Path) -> ImportedCity:
        """Replace the city by `partial`. The record is written last, so a half-replaced city has none."""
        files = _sizes(partial)
        if not files:
            remedy = "Correct the simulator; see docs/simulator-contract.md."
            raise BadInput(Fault("an import must make a city folder", "no file in it", str(source), remedy))
        self._record.unlink(missing_ok=True)
        shutil.rmtree(self._folder, ignore_errors=True)
        partial.rename(self._folder)
        fresh_record = self._record.with_suffix(".new")
        fresh_record.write_text(canonical_json({"origin": origin, "files": files, "messages": messages}), "utf-8")
        fresh_record.replace(self._record)
        return ImportedCity(self._folder, fresh=True, messages=messages)


def _refuse_missing(source: Path) -> None:
    if not source.exists():
        raise BadInput(Fault("city data must exist", "nothing there", str(source), "Correct simulator.city_source."))


def _files(place: Path) -> list[Path]:
    return sorted(path for path in place.rglob("*") if path.is_file())


def _content_digest(source: Path) -> str:
    """SHA-256 over names and contents, in order."""
    digest = hashlib.sha256()
    for path in _files(source) if source.is_dir() else [source]:
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        digest.update(f"{path.relative_to(source.parent)}\0{content}\n".encode())
    return "sha256:" + digest.hexdigest()


def _sizes(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_size for path in _files(folder)}
