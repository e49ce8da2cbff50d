"""A stand-in for Google Cloud Storage as the real client speaks to it: buckets, objects, generations and their preconditions.

Strict where the real one is: an unknown option is refused, a precondition that does not hold answers 412, a checksum that does
not fit 400, and the name of an object that is not there 404.
"""

from __future__ import annotations

import base64
import itertools
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import google_crc32c
import pytest

from tests.services.rest import Answer, Refused, Request, RestService

PAGE_OBJECTS = 3  # the real one sends up to 1,000; small, so that paging is seen
_OPTIONS = {"alt", "prettyPrint", "projection", "fields", "uploadType", "name", "project"}
_CONDITIONS: dict[str, Callable[[int, int], bool]] = {
    "ifGenerationMatch": lambda found, wanted: found == wanted,
    "ifGenerationNotMatch": lambda found, wanted: found != wanted,
}
_LISTING = {"prefix", "delimiter", "pageToken", "maxResults", "includeTrailingDelimiter"}


@dataclass(frozen=True)
class Stored:
    """One version of an object."""

    content: bytes
    generation: int
    metadata: Mapping[str, Any]


class GcsService:
    """Buckets in memory. `rest` has the address and the faults; with `token` only requests that carry it are served."""

    def __init__(self, *buckets: str, token: str | None = None) -> None:
        self.buckets: dict[str, dict[str, Stored]] = {bucket: {} for bucket in buckets}
        self.rest = RestService(self._serve)
        self._token = token
        self._generations = itertools.count(1_700_000_000_000_000)
        self._lock = threading.RLock()

    @property
    def url(self) -> str:
        return self.rest.url

    def content(self, bucket: str, name: str) -> bytes:
        return self.buckets[bucket][name].content

    def put(self, bucket: str, name: str, content: bytes, metadata: Mapping[str, Any] | None = None) -> Stored:
        with self._lock:
            stored = Stored(content, next(self._generations), metadata or {})
            self.buckets[bucket][name] = stored
            return stored

    def _serve(self, request: Request) -> Answer:
        if request.path == "/token" and request.method == "POST":
            return Answer.of({"access_token": self._token, "expires_in": 3600, "token_type": "Bearer"})
        if self._token is not None and request.headers.get("Authorization") != f"Bearer {self._token}":
            raise Refused(401, "required", "Login Required.")
        path = re.fullmatch(r"(?:/(upload|download))?/storage/v1/b(?:/([^/]+))?(/o)?(?:/(.+))?", request.path)
        if path is None:
            raise Refused(404, "notFound", f"no such method: {request.path}")
        how, bucket, of_objects, name = path.groups()
        with self._lock:
            if bucket is None:
                return self._create_bucket(request)
            if bucket not in self.buckets:
                raise Refused(404, "notFound", "The specified bucket does not exist.")
            if not of_objects:
                return Answer.of({"kind": "storage#bucket", "id": bucket, "name": bucket, "location": "US"})
            if how == "upload":
                return self._upload(request, bucket)
            if name is None:
                return self._list(request, bucket)
            return self._one_object(
                request, bucket, unquote(name), media=how == "download" or "media" in request.query.values()
            )

    def _create_bucket(self, request: Request) -> Answer:
        name = request.json()["name"]
        if name in self.buckets:
            raise Refused(409, "conflict", "You already own this bucket.")
        self.buckets[name] = {}
        return Answer.of({"kind": "storage#bucket", "id": name, "name": name, "location": "US"})

    def _upload(self, request: Request, bucket: str) -> Answer:
        _refuse_unknown(request, {*_OPTIONS, *_CONDITIONS})
        if request.query.get("uploadType") != "multipart":
            raise Refused(501, "notImplemented", "only multipart uploads are served here")
        metadata, content = _multipart(request)
        name = metadata.get("name") or request.query["name"]
        self._refuse_unmet(request, bucket, name)
        if metadata.get("crc32c", _crc32c(content)) != _crc32c(content):
            raise Refused(400, "invalid", "Provided CRC32C does not match the calculated one.")
        return Answer.of(_resource(bucket, name, self.put(bucket, name, content, metadata)))

    def _one_object(self, request: Request, bucket: str, name: str, *, media: bool) -> Answer:
        _refuse_unknown(request, {*_OPTIONS, *_CONDITIONS, "generation"})
        self._refuse_unmet(request, bucket, name)
        found = self.buckets[bucket].get(name)
        pinned = request.query.get("generation")
        if found is None or (pinned is not None and int(pinned) != found.generation):
            raise Refused(404, "notFound", f"No such object: {bucket}/{name}")
        if request.method == "DELETE":
            del self.buckets[bucket][name]
            return Answer(status=204)
        if request.method != "GET":
            raise Refused(501, "notImplemented", f"{request.method} of an object is not served here")
        if not media:
            return Answer.of(_resource(bucket, name, found))
        kind = str(found.metadata.get("contentType", "application/octet-stream"))
        hashes = f"crc32c={_crc32c(found.content)}"
        return Answer(
            found.content, headers={"Content-Type": kind, "X-Goog-Generation": str(found.generation), "X-Goog-Hash": hashes}
        )

    def _list(self, request: Request, bucket: str) -> Answer:
        _refuse_unknown(request, {*_OPTIONS, *_LISTING})
        prefix, delimiter = request.query.get("prefix", ""), request.query.get("delimiter")
        names = sorted(name for name in self.buckets[bucket] if name.startswith(prefix))
        if delimiter:
            names = [name for name in names if delimiter not in name.removeprefix(prefix)]
        rest = [name for name in names if name > request.query.get("pageToken", "")]
        page = rest[:PAGE_OBJECTS]
        items = [_resource(bucket, name, self.buckets[bucket][name]) for name in page]
        more = {"nextPageToken": page[-1]} if len(rest) > len(page) else {}
        return Answer.of({"kind": "storage#objects", "items": items, **more})

    def _refuse_unmet(self, request: Request, bucket: str, name: str) -> None:
        found = self.buckets[bucket].get(name)
        for condition, holds in _CONDITIONS.items():
            wanted = request.query.get(condition)
            if wanted is not None and not holds(0 if found is None else found.generation, int(wanted)):
                raise Refused(412, "conditionNotMet", "At least one of the pre-conditions you specified did not hold.")


def _refuse_unknown(request: Request, known: set[str]) -> None:
    unknown = request.query.keys() - known
    if unknown:
        raise Refused(400, "invalidParameter", f"Unknown options: {sorted(unknown)}")


def _multipart(request: Request) -> tuple[dict[str, Any], bytes]:
    """Metadata and content of a `multipart/related` body, which must have exactly these two parts."""
    boundary = re.search(r'boundary="?([^";]+)"?', request.headers["Content-Type"])
    if boundary is None:
        raise Refused(400, "badContent", "no boundary")
    parts = request.body.split(b"--" + boundary[1].encode())
    if len(parts) != 4 or parts[3].strip() != b"--":
        raise Refused(400, "badContent", "a multipart upload has a part of metadata and one of content")
    (_, metadata), (head, content) = (part.removesuffix(b"\r\n").split(b"\r\n\r\n", 1) for part in parts[1:3])
    content_type = re.search(rb"content-type: (.+)", head, re.IGNORECASE)
    if content_type is None:
        raise Refused(400, "badContent", "the content has no type")
    return {"contentType": content_type[1].decode().strip(), **json.loads(metadata)}, content


def _resource(bucket: str, name: str, stored: Stored) -> dict[str, Any]:
    return {
        **stored.metadata,
        "kind": "storage#object",
        "id": f"{bucket}/{name}/{stored.generation}",
        "name": name,
        "bucket": bucket,
        "generation": str(stored.generation),
        "metageneration": "1",
        "size": str(len(stored.content)),
        "crc32c": _crc32c(stored.content),
    }


def _crc32c(content: bytes) -> str:
    return base64.b64encode(google_crc32c.Checksum(content).digest()).decode()


@contextmanager
def gcs_service(*buckets: str, token: str | None = None) -> Iterator[GcsService]:
    """The service with these buckets, stopped at the end. Clients find it by STORAGE_EMULATOR_HOST."""
    service = GcsService(*buckets, token=token)
    try:
        yield service
    finally:
        service.rest.close()


@pytest.fixture
def gcs(monkeypatch: pytest.MonkeyPatch) -> Iterator[GcsService]:
    """The service with the bucket `production`; clients of this process and its children find it."""
    with gcs_service("production") as service:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", service.url)
        yield service
