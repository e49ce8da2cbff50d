"""Who is answered by a server of this home: its own processes, and browsers that were signed in, from its own pages only.

Every server applies the same rules before anything else sees a request (docs/adr/0018-one-guard-for-every-server.md):

- Host must be a name of this server, or a page of a name that an attacker points to 127.0.0.1 would count as one of ours
  (DNS rebinding). Any port will do: people forward ports.
- A request that a page of another origin makes is refused, whatever it asks. Links from other pages may be followed.
- The secret of the home must come with it: processes send it as Authorization, browsers have a cookie made from it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

PROBES = frozenset({"/api/health", "/api/ready"})
LOOPBACK = frozenset({"127.0.0.1", "localhost"})
API = "/api/"
SESSION_S = 30 * 24 * 3600
_HOST = re.compile(r"([a-z0-9.-]+)(:[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class Request:
    """What the rules look at. `headers` have names in lower case; one that was sent twice is there twice."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    is_websocket: bool = False

    def header(self, name: str) -> str | None:
        """The values of a header, joined; None where it was not sent."""
        values = [value for key, value in self.headers if key == name]
        return ", ".join(values) if values else None

    @property
    def is_probe(self) -> bool:
        """Whether it asks nothing but whether the server runs, which Kubernetes asks by the address of a pod."""
        return self.method == "GET" and self.path in PROBES

    def cookies(self) -> Iterable[str]:
        """Every `name=value` of the request."""
        return (pair.strip() for key, value in self.headers if key == "cookie" for pair in value.split(";"))


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not answered, and with which status."""

    status: int
    reason: str


FOREIGN_HOST = Refusal(403, "This server does not answer to that name.")
FOREIGN_PAGE = Refusal(403, "Pages of other origins may not ask this server.")
NOT_SIGNED_IN = Refusal(401, "Not signed in. Open the link that `tunegate up` printed; `tunegate sign-in` prints a new one.")


@dataclass(frozen=True, slots=True)
class Access:
    """The rules of one server. `names` are those it may be asked by, in lower case, without ports."""

    secret: str = field(repr=False)
    names: frozenset[str] = LOOPBACK

    @property
    def authorization(self) -> str:
        """What processes send as Authorization; Prefect's clients do so by themselves."""
        return f"Basic {base64.b64encode(self.secret.encode()).decode()}"

    @property
    def session(self) -> str:
        """The cookie of a browser, as name=value. A browser sends it to every port of this machine: it opens no API."""
        value = hmac.new(self.secret.encode(), b"browser session", hashlib.sha256).hexdigest()
        name = hashlib.sha256(value.encode()).hexdigest()[:12]
        return f"tunegate-{name}={value}"

    def foreign(self, request: Request) -> Refusal | None:
        """Why the request comes by another name or from another page; None where it does not."""
        if request.is_probe:
            return None
        host = request.header("host") or ""
        parsed = _HOST.fullmatch(host)
        if parsed is None or parsed[1] not in self.names:
            return FOREIGN_HOST
        origin = request.header("origin")
        if origin is not None and _address_of(origin) != host:
            return FOREIGN_PAGE
        # A browser says so itself where it sends no Origin: for pictures, scripts, frames and links.
        if request.header("sec-fetch-site") in {None, "same-origin", "none"}:
            return None
        return None if _follows_link(request) else FOREIGN_PAGE

    def unauthorized(self, request: Request, *, cookie: bool = True) -> Refusal | None:
        """Why the request proves no knowledge of the secret; None where it does. `cookie`: whether one is enough."""
        if request.is_probe:
            return None
        sent = request.header("authorization") or ""
        if hmac.compare_digest(sent.encode(), self.authorization.encode()):
            return None
        # Every cookie is compared: which one is ours must not show in the time that it takes.
        found = [hmac.compare_digest(each.encode(), self.session.encode()) for each in request.cookies()]
        return None if cookie and any(found) else NOT_SIGNED_IN


def _address_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc or None
    except ValueError:
        return None


def _follows_link(request: Request) -> bool:
    """Whether a person follows a link to a page, which the page with the link cannot read."""
    to_page = (request.header("sec-fetch-mode"), request.header("sec-fetch-dest")) == ("navigate", "document")
    return request.method == "GET" and to_page and not request.path.startswith(API)
