"""Private keys in files: made once, readable by their owner only, never half-written.

A key is a P-256 key in PKCS#8 PEM without a password, in a file of mode 0600 inside a directory of mode 0700. Two
processes that start together get the same key: the file appears under its name complete or not at all, and whoever
comes second reads what the first wrote. A file or directory that others can enter is refused rather than mended,
because the key in it must be taken as known to them.
"""

from __future__ import annotations

import os
import re
import stat
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from yitong.errors import YitongError
from yitong.specs.jwk import Jwk, PrivateKey, new_private_key, published_jwk

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}\Z", re.ASCII)
_OTHERS = 0o077


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A private key, its ``kid`` (RFC 7638 thumbprint) and its public JWK as key sets publish it."""

    private: PrivateKey = field(repr=False)
    kid: str
    jwk: Jwk

    @property
    def jwks(self) -> dict[str, list[Jwk]]:
        """A key set of this one public key."""
        return {"keys": [self.jwk]}


def key_pair(private: PrivateKey) -> KeyPair:
    """The pair that belongs to ``private``."""
    jwk = published_jwk(private)
    return KeyPair(private, jwk["kid"], jwk)


def load_or_create(directory: Path, name: str) -> KeyPair:
    """The key ``name`` in ``directory``, made at the first call.

    Raises ``trust.key-name``, ``trust.key-directory-open``, ``trust.key-readable`` or ``trust.key-broken``.
    """
    if not _NAME.match(name):
        raise YitongError("trust.key-name", str(directory))
    _ensure_directory(directory)
    path = directory / f"{name}.pem"
    if not path.is_symlink() and not path.exists():
        _create(path, new_private_key())
    return key_pair(_load(path))


def _ensure_directory(directory: Path) -> None:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if stat.S_IMODE(directory.stat().st_mode) & _OTHERS:
        raise YitongError("trust.key-directory-open", str(directory))


def _create(path: Path, private: PrivateKey) -> None:
    """Write beside the place, then link into it: a link never replaces, so the first of two processes wins."""
    pem = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    handle, written = tempfile.mkstemp(prefix=f".{path.stem}.", dir=path.parent)  # mkstemp opens with mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(written)
    except FileExistsError:
        return  # another process was first; its key is the key
    finally:
        Path(written).unlink()
    _sync_directory(path.parent)


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _load(path: Path) -> PrivateKey:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise YitongError("trust.key-broken", str(path)) from error
    try:
        mode = os.fstat(handle).st_mode  # of the open file: the name may point elsewhere a moment later
        if not stat.S_ISREG(mode):
            raise YitongError("trust.key-broken", str(path))
        if stat.S_IMODE(mode) & _OTHERS:
            raise YitongError("trust.key-readable", str(path), mode=f"{stat.S_IMODE(mode):04o}")
        pem = os.read(handle, 16_384)
    finally:
        os.close(handle)
    try:
        private = serialization.load_pem_private_key(pem, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise YitongError("trust.key-broken", str(path)) from error
    if not isinstance(private, ec.EllipticCurvePrivateKey) or not isinstance(private.curve, ec.SECP256R1):
        raise YitongError("trust.key-broken", str(path))
    return private
