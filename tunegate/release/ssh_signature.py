"""Signatures as `ssh-keygen -Y sign` makes them (OpenSSH's PROTOCOL.sshsig), with keys of its default kind, ssh-ed25519."""

from __future__ import annotations

import base64
import hashlib
import re
import struct
from collections.abc import Callable

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_ssh_public_key

NAMESPACE = "tunegate"
KEY_PATTERN = r"^ssh-ed25519 [A-Za-z0-9+/=]+( .*)?$"
_MAGIC, _KIND, _HASH = b"SSHSIG", b"ssh-ed25519", b"sha512"
_VERSION = 1
_LINE = 70
_ARMOUR = re.compile(r"\s*-----BEGIN SSH SIGNATURE-----\s+([A-Za-z0-9+/=\s]+)-----END SSH SIGNATURE-----\s*")


class InvalidKey(ValueError):
    """A text is no public key of the kind that this module knows."""


class BadSignature(Exception):
    """A signature is not one of this key over this message."""


def read_public_key(text: str) -> Ed25519PublicKey:
    """The key of a line as it stands in `id_ed25519.pub`. Raises InvalidKey."""
    try:
        key = load_ssh_public_key(text.strip().encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise InvalidKey(f"no key: {error}") from error
    if not isinstance(key, Ed25519PublicKey):
        raise InvalidKey("a key of another kind than ssh-ed25519")
    return key


def same_key(one: str, other: str) -> bool:
    """Whether two lines hold the same key, whatever their comments."""
    return one.split()[:2] == other.split()[:2]


def signature_of(message: bytes, public: Ed25519PublicKey, sign: Callable[[bytes], bytes]) -> str:
    """The armoured signature over a message; `sign` makes the raw one with the private key of `public`."""
    raw = sign(_signed_bytes(message))
    parts = [_string(_public_blob(public)), _string(NAMESPACE.encode()), _string(b""), _string(_HASH)]
    blob = _MAGIC + struct.pack(">I", _VERSION) + b"".join(parts) + _string(_string(_KIND) + _string(raw))
    text = base64.b64encode(blob).decode()
    lines = (text[start : start + _LINE] for start in range(0, len(text), _LINE))
    return "\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""])


def verify(signature: str, message: bytes, public_key: str) -> None:
    """Raise BadSignature unless the armoured signature is of this key, over this message, and in our namespace."""
    armoured = _ARMOUR.fullmatch(signature)
    if armoured is None:
        raise BadSignature("it is no SSH signature")
    public = read_public_key(public_key)
    try:
        blob = base64.b64decode("".join(armoured[1].split()), validate=True)
        fields = _fields(blob)
        kind, raw = _strings(fields[4])
        public.verify(raw, _signed_bytes(message))
    except (ValueError, struct.error) as error:
        raise BadSignature(f"it cannot be read: {error}") from error
    except InvalidSignature as error:
        raise BadSignature("it is of another key or another text") from error
    if fields[:4] != (_public_blob(public), NAMESPACE.encode(), b"", _HASH) or kind != _KIND:
        raise BadSignature("it is of another key or for another purpose")


def _fields(blob: bytes) -> tuple[bytes, ...]:
    head = len(_MAGIC) + 4
    if blob[:head] != _MAGIC + struct.pack(">I", _VERSION):
        raise ValueError("another format")
    fields = _strings(blob[head:])
    if len(fields) != 5:
        raise ValueError("another format")
    return fields


def _signed_bytes(message: bytes) -> bytes:
    digest = hashlib.sha512(message).digest()
    return _MAGIC + _string(NAMESPACE.encode()) + _string(b"") + _string(_HASH) + _string(digest)


def _public_blob(public: Ed25519PublicKey) -> bytes:
    return _string(_KIND) + _string(public.public_bytes(Encoding.Raw, PublicFormat.Raw))


def _string(content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + content


def _strings(blob: bytes) -> tuple[bytes, ...]:
    found: list[bytes] = []
    while blob:
        (length,) = struct.unpack(">I", blob[:4])
        if len(blob) < 4 + length:
            raise ValueError("it ends too early")
        found.append(blob[4 : 4 + length])
        blob = blob[4 + length :]
    return tuple(found)
