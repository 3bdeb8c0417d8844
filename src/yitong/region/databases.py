"""A database and a role for each node of the region, in the embedded PostgreSQL or in any other.

A role may enter its own database and no other of the region: CONNECT is taken from PUBLIC. Passwords never travel:
the server is given the verifier from which it can check one (RFC 5803), not the password, and so its log cannot hold
it either. Everything here can be done again, and finishes what an earlier attempt left half done.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

from yitong.entropy import Entropy
from yitong.errors import YitongError

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}\Z", re.ASCII)
_SCRAM_ITERATIONS = 4096  # PostgreSQL's own scram_iterations; the passwords have 192 random bits, so more would buy nothing
_SIGN_IN_S = 5.0
_BUILTIN_LOCALE_SINCE = 17


@dataclass(frozen=True, slots=True)
class Login:
    """A database and the role of the same name that owns it."""

    name: str
    password: str


def url_with(server_url: str, login: Login, database: str) -> str:
    """The URL with which ``login`` enters ``database`` on the server of ``server_url``; options such as ``sslmode`` stay."""
    parts = urlsplit(server_url)
    host = parts.netloc.rpartition("@")[2]
    owner = f"{quote(login.name)}:{quote(login.password, safe='')}"
    return urlunsplit((parts.scheme, f"{owner}@{host}", f"/{database}", parts.query, ""))


def server_of(url: str) -> str:
    """Host and port of a URL, without user and password: what may be shown and compared."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or 5432}"


def check_url(url: str) -> str:
    """The same URL when it names a PostgreSQL server, user and database; raises ``region.bad-database-url``."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise YitongError("region.bad-database-url", reason=str(error)) from error
    wrong = [
        (parts.scheme not in ("postgresql", "postgres"), "scheme"),
        (not parts.hostname, "host"),
        (port == 0, "port"),
        (not parts.username, "user"),
        (parts.path in ("", "/"), "database"),
    ]
    for is_wrong, part in wrong:
        if is_wrong:
            raise YitongError("region.bad-database-url", reason=part)
    return url


def scram_verifier(password: str, entropy: Entropy) -> str:
    """What PostgreSQL stores to check a password with SCRAM-SHA-256 (RFC 5802 §3, RFC 5803 §3)."""
    salt = entropy.bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, _SCRAM_ITERATIONS)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    stored_key = hashlib.sha256(client_key).digest()
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    salt_64, stored_64, server_64 = (base64.b64encode(part).decode("ascii") for part in (salt, stored_key, server_key))
    return f"SCRAM-SHA-256${_SCRAM_ITERATIONS}:{salt_64}${stored_64}:{server_64}"


async def sign_in(url: str) -> asyncpg.Connection[asyncpg.Record]:
    """A connection; raises ``region.database-unreachable`` with the server's name and the kind of refusal only."""
    try:
        return await asyncpg.connect(url, timeout=_SIGN_IN_S)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise YitongError("region.database-unreachable", server=server_of(url), reason=type(error).__name__) from error


async def is_silent(url: str) -> bool:
    """Whether the server takes the connection and then says nothing in time, as a hung or paused one does.

    A server that refuses, or says that it is still recovering, is not silent.
    """
    try:
        connection = await sign_in(url)
    except YitongError as error:
        return isinstance(error.__cause__, TimeoutError)
    try:
        await connection.fetchval("SELECT true", timeout=_SIGN_IN_S)
    except TimeoutError:
        return True
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    finally:
        connection.terminate()
    return False


async def provide(admin_url: str, logins: list[Login], entropy: Entropy, *, embedded: bool) -> None:
    """Make sure that every role and database is there, with its password, closed to all others.

    Raises ``region.database-unreachable`` or ``region.database-rights``. In the embedded server, which is ours
    alone, the databases that it came with are closed to the roles too.
    """
    await asyncio.gather(*(_provide_one(admin_url, login, entropy) for login in logins))
    if embedded:
        connection = await sign_in(admin_url)
        try:
            await connection.execute("REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC")
        finally:
            await connection.close()


async def _provide_one(admin_url: str, login: Login, entropy: Entropy) -> None:
    if not _NAME.match(login.name):
        raise ValueError(f"not a database name: {login.name}")  # names come from the plan; this guards the statements below
    connection = await sign_in(admin_url)
    try:
        await _role(connection, login, scram_verifier(login.password, entropy))
        await _database(connection, login.name)
    except asyncpg.InsufficientPrivilegeError as error:
        raise YitongError("region.database-rights", login.name, reason=str(error)) from error
    finally:
        await connection.close()


async def _role(connection: asyncpg.Connection[asyncpg.Record], login: Login, verifier: str) -> None:
    """The role, with its password; an administrator who is not superuser joins it, to be able to make its database."""
    exists = await connection.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", login.name)
    verb = "ALTER" if exists else "CREATE"
    await connection.execute(f"{verb} ROLE {login.name} LOGIN PASSWORD '{verifier}'")
    superuser = await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    if not superuser:
        await connection.execute(f"GRANT {login.name} TO CURRENT_USER")


async def _database(connection: asyncpg.Connection[asyncpg.Record], name: str) -> None:
    """The database, owned by its role, in UTF-8 with the same order of text on every machine, closed to others."""
    if not await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", name):
        builtin = connection.get_server_version().major >= _BUILTIN_LOCALE_SINCE
        locale = "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'" if builtin else "LOCALE 'C'"
        await connection.execute(f"CREATE DATABASE {name} OWNER {name} TEMPLATE template0 ENCODING 'UTF8' {locale}")
    await connection.execute(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC")
