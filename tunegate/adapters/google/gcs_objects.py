"""Objects of Google Cloud Storage below a prefix, read and replaced as a whole.

Every version of an object has a generation. A write that names the generation it replaces is refused when there is a newer one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from google.api_core import exceptions as api
from google.cloud import storage

from tunegate.adapters.google.calls import RETRY_FOR_S, Caller, in_short
from tunegate.domain.errors import BadInput, Fault
from tunegate.ports.outage import Outage

ABSENT = 0  # the generation of an object that does not exist
MAX_CONFLICTS = 50


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as it was read: its bytes, None when it does not exist, and its generation."""

    content: bytes | None
    generation: int


class GcsObjects:
    """The objects of a bucket whose names begin with a prefix (empty, or ending with a slash). Raises Outage and BadInput."""

    def __init__(self, bucket: str, prefix: str, content_type: str, retry_for_s: float = RETRY_FOR_S) -> None:
        self._root = f"gs://{bucket}/{prefix}"
        self._prefix = prefix
        self._content_type = content_type
        remedy = "Create the bucket, and let tunegate read, create and delete its objects (roles/storage.objectUser)."
        self._call = Caller(self._root, remedy, retry_for_s)
        self._remedy = remedy
        with self._call.explained():
            self._bucket = storage.Client(project=None).bucket(bucket)

    def address(self, name: str) -> str:
        """The object's `gs://` address."""
        return self._root + name

    def web_address(self, name: str) -> str:
        """Where a person who may read it opens it in a browser: needs a login, and works for private buckets."""
        return f"https://storage.cloud.google.com/{self._bucket.name}/{self._prefix}{name}"

    def read(self, name: str) -> StoredObject:
        """The newest version."""
        blob = self._bucket.blob(self._prefix + name)
        try:
            content = self._call(blob.download_as_bytes)
        except api.NotFound as error:
            if "No such object" in str(error):
                return StoredObject(None, ABSENT)
            raise self._no_bucket(error) from error
        return StoredObject(content, int(blob.generation))

    def write(self, name: str, content: bytes, replaces: int | None = None) -> bool:
        """Put a new version; with `replaces` only in place of that generation. Returns whether it was accepted.

        False: there is a newer version. It may be ours: when an answer gets lost, the retry is refused.
        """
        blob = self._bucket.blob(self._prefix + name)
        blob.cache_control = "no-store"  # readers must not get an old version from a proxy
        try:
            self._call(blob.upload_from_string, content, content_type=self._content_type, if_generation_match=replaces)
        except api.PreconditionFailed:
            return False
        except api.NotFound as error:
            raise self._no_bucket(error) from error
        return True

    def replace(self, name: str, wanted: Callable[[], bytes]) -> bool:
        """Make the object equal to `wanted()`; returns whether it had to change.

        `wanted` is called after reading the generation that the new version replaces. A writer that another one overtook is
        refused and calls it again, so an outdated document never replaces a newer one.
        """
        had_to_change = False
        for _ in range(MAX_CONFLICTS):
            found = self.read(name)
            content = wanted()
            if found.content == content:
                return had_to_change
            had_to_change = True
            if self.write(name, content, replaces=found.generation):
                return True
        raise Outage(f"{self.address(name)}: others replaced it {MAX_CONFLICTS} times while it was being replaced")

    def names(self) -> frozenset[str]:
        """The names of all objects directly below the prefix."""
        client = self._bucket.client

        def listed(retry: None, timeout: float) -> frozenset[str]:
            blobs = client.list_blobs(self._bucket, prefix=self._prefix, delimiter="/", retry=retry, timeout=timeout)
            return frozenset(blob.name.removeprefix(self._prefix) for blob in blobs)

        try:
            return self._call(listed)
        except api.NotFound as error:
            raise self._no_bucket(error) from error

    def _no_bucket(self, error: api.NotFound) -> BadInput:
        return BadInput(Fault("the bucket must exist", in_short(error), self._root, self._remedy))
