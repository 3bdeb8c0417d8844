"""The type of a connection that the repositories are given."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import asyncpg

# A name for type checkers only: at run time asyncpg's class takes no parameter.
Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
