"""How a recommender reads its parameters: `python examples/read_published.py .tunegate/published/manhattan.json`.

To be copied into the serving side. Standard library only, but for an object of a bucket (`gs://bucket/prefix/manhattan.json`),
which needs google-cloud-storage. tunegate replaces it as a whole, so a reader sees the old parameters or the new ones, never a
part. Three rules keep a running service safe whatever happens to it:

1. Look at it now and then (a file every second, an object every minute); the change of its identity says that it is new.
2. Take a document only if its format is known, its region is yours and its digest fits its parameters.
3. Whatever is wrong, go on with the parameters you have, and say so. Only a service that has none yet must not start.
"""

import hashlib
import json
import os
import sys

FORMAT = 1


class Unreadable(Exception):
    """There is no sound document; the message says why."""


class File:
    """A file, whose identity changes with every replacement."""

    def __init__(self, path):
        self.path = path

    def identity(self):
        status = os.stat(self.path)
        return (status.st_ino, status.st_mtime_ns, status.st_size)

    def text(self):
        with open(self.path, encoding="utf-8") as file:
            return file.read()


class BucketObject:
    """An object of Google Cloud Storage, whose generation changes with every replacement."""

    def __init__(self, address):
        from google.cloud import storage

        self.bucket, _, self.name = address.removeprefix("gs://").partition("/")
        self.client = storage.Client(project=None)

    def identity(self):
        return self._ask(lambda blob: (blob.reload(timeout=10), blob.generation)[1])

    def text(self):
        return self._ask(lambda blob: blob.download_as_bytes(timeout=10)).decode()

    def _ask(self, question):
        from google.api_core.exceptions import GoogleAPIError
        from google.auth.exceptions import GoogleAuthError

        try:
            # A blob that was asked once sticks to the generation it met.
            return question(self.client.bucket(self.bucket).blob(self.name))
        except (GoogleAPIError, GoogleAuthError) as error:
            raise OSError(str(error)) from error


def source(path):
    return BucketObject(str(path)) if str(path).startswith("gs://") else File(path)


def read(path, region=None):
    """The published document, checked. Raises Unreadable."""
    try:
        document = json.loads(source(path).text())
        parameters = document["parameters"]
        as_floats = {name: float(value) for name, value in parameters.items()}
        canonical = json.dumps(as_floats, sort_keys=True, separators=(",", ":"))
        digest = "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()
        found = (document["format"], document["region"] if region else None, document["parameters_digest"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unreadable(f"{path}: {type(error).__name__}: {error}") from error
    wanted = (FORMAT, region, digest)
    if found != wanted:
        raise Unreadable(f"{path}: format, region, digest must be {wanted}, but got {found}")
    return document


class Reader:
    """Parameters that follow the file. `current` is the newest sound document, `problem` why the file now there is not."""

    def __init__(self, path, region=None):
        self.path, self.region, self.problem = path, region, None
        self._source = source(path)
        self._seen = self._identity()
        self.current = read(path, region)  # a service without parameters must not start

    def refresh(self):
        """Look again; returns whether there are new parameters. Never raises for what is wrong with the file."""
        seen = self._identity()
        if seen == self._seen:
            return False
        self._seen = seen
        try:
            document = read(self.path, self.region)
        except Unreadable as error:
            self.problem = str(error)
            return False
        self.problem = None
        changed = document != self.current
        self.current = document
        return changed

    def _identity(self):
        try:
            return self._source.identity()
        except OSError:
            return None


if __name__ == "__main__":
    try:
        published = read(sys.argv[1])
    except Unreadable as error:
        sys.exit(f"error: {error}")
    print(f"{published['region']} version {published['version']}, released {published['released_at']}")
    for name, value in published["parameters"].items():
        print(f"  {name} = {value}")
