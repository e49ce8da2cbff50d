"""How a recommender reads its parameters: `python examples/read_published.py .tunegate/published/manhattan.json`.

To be copied into the serving side. Standard library only, but for an object of a bucket (`gs://bucket/prefix/manhattan.json`),
which needs google-cloud-storage. tunegate replaces it as a whole, so a reader sees the old parameters or the new ones, never a
part. While a candidate is tried on the street (format 2), the document also says when the region runs it; `choose` obeys that by
the clock, and what it returns belongs into the log beside every recommendation. Three rules keep a running service safe:

1. Look at it now and then (a file every second, an object every minute); the change of its identity says that it is new.
2. Take a document only if its format is known, its region is yours and its digest fits its parameters.
3. Whatever is wrong, go on with the parameters you have, and say so. Only a service that has none yet must not start.

With a second argument, a file of lines `NAME ssh-ed25519 AAAA...` (the approvers that the region's reviewed file lists), it takes only
what one of them signed, so that nobody who can write to the database or the bucket can change what runs. `ssh-keygen` checks that.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile

from datetime import datetime, timezone

FORMATS = (1, 2)
PRODUCTION = "production"


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


def read(path, region=None, keys=None, seen=0):
    """The published document, checked. Raises Unreadable.

    With `keys`, a file of lines `NAME ssh-ed25519 AAAA...`, a person in it must have signed every byte of the document, and no
    earlier version than `seen` is taken.
    """
    try:
        document = json.loads(source(path).text())
        if keys:
            check_signature(document, keys, seen)
        found = (document["format"] in FORMATS, document["region"] if region else None, document["parameters_digest"])
        wanted = (True, region, digest(document["parameters"]))
        if document["format"] == 2:
            candidate = document["experiment"]["candidate"]
            found, wanted = (*found, candidate["parameters_digest"]), (*wanted, digest(candidate["parameters"]))
            spans = [(instant(each["start"]), instant(each["end"])) for each in document["experiment"]["windows"]]
            if not all(start < end <= later for (start, end), (later, _) in zip(spans, spans[1:] + [(spans[-1][1], None)])):
                raise ValueError("the windows of an experiment must follow each other")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, subprocess.SubprocessError) as error:
        raise Unreadable(f"{path}: {type(error).__name__}: {error}") from error
    if found != wanted:
        raise Unreadable(f"{path}: known format, region, digests must be {wanted}, but got {found}")
    return document


def check_signature(document, keys, seen):
    """Raise ValueError unless an approver signed this document, as the newest that was seen or a newer one."""
    content = dict(document)
    approval = content.pop("approval", None)
    if approval is None:
        raise ValueError("nobody signed it")
    statement, approver = approval["statement"], approval["statement"]["approver"]
    message = json.dumps(statement, sort_keys=True, separators=(",", ":")).encode()
    whole = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(approval["signature"])
        file.flush()
        command = ["ssh-keygen", "-Y", "verify", "-f", str(keys), "-I", approver, "-n", "tunegate", "-s", file.name]
        verified = subprocess.run(command, input=message, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=30)
    if verified.returncode != 0:
        raise ValueError(f"its signature is not by a key of {approver!r}")
    if statement["purpose"] != "tunegate release" or statement["region"] != document["region"]:
        raise ValueError("the signature is for something else")
    # The fallback is what an experiment was agreed to go back to without asking.
    if "sha256:" + hashlib.sha256(whole).hexdigest() not in (statement["document"], statement["fallback"]):
        raise ValueError("the signature is over another document")
    if statement["version"] < seen:
        raise ValueError(f"version {statement['version']} was signed before version {seen}, which was seen already")


def signed_version(document):
    """The version of the registry that the signature is for; it grows with every release and every rollback."""
    return document["approval"]["statement"]["version"] if "approval" in document else 0


def digest(parameters):
    as_floats = {name: float(value) for name, value in parameters.items()}
    canonical = json.dumps(as_floats, sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()


def instant(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def choose(document, now=None):
    """What to run at this moment (an instant with a zone): arm, version, parameters. Log arm and version with the work.

    Before the first window of an experiment and after its last, that is production, also when nobody replaces the document any more.
    """
    now = now or datetime.now(timezone.utc)
    for window in document.get("experiment", {}).get("windows", ()):
        if instant(window["start"]) <= now < instant(window["end"]) and window["arm"] != PRODUCTION:
            candidate = document["experiment"]["candidate"]
            return window["arm"], candidate["version"], candidate["parameters"]
    return PRODUCTION, document["version"], document["parameters"]


class Reader:
    """Parameters that follow the file and the clock.

    `current` is the newest sound document, `problem` why the file now there is not.
    """

    def __init__(self, path, region=None, keys=None):
        self.path, self.region, self.keys, self.problem = path, region, keys, None
        self._source = source(path)
        self._seen = self._identity()
        self.current = read(path, region, keys)  # a service without parameters must not start

    def refresh(self):
        """Look again; returns whether there are new parameters. Never raises for what is wrong with the file."""
        seen = self._identity()
        if seen == self._seen:
            return False
        self._seen = seen
        try:
            document = read(self.path, self.region, self.keys, signed_version(self.current))
        except Unreadable as error:
            self.problem = str(error)
            return False
        self.problem = None
        changed = document != self.current
        self.current = document
        return changed

    def choose(self, now=None):
        """Arm, version and parameters to run at this moment."""
        return choose(self.current, now)

    def _identity(self):
        try:
            return self._source.identity()
        except OSError:
            return None


if __name__ == "__main__":
    try:
        published = read(sys.argv[1], keys=sys.argv[2] if len(sys.argv) > 2 else None)
    except Unreadable as error:
        sys.exit(f"error: {error}")
    arm, version, parameters = choose(published)
    print(f"{published['region']} version {published['version']}, released {published['released_at']}")
    if "experiment" in published:
        print(f"  experiment {published['experiment']['id']}: {arm}, version {version}, runs now")
    for name, value in parameters.items():
        print(f"  {name} = {value}")
