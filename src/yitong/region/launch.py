"""Become another program that ends when its owner ends: a script, run by path before each process of the region.

    python -I -S launch.py OWNER_PID SIGNAL UID:GID|- PROGRAM ARGUMENT…

The process takes the account (when one is given), asks the kernel for ``SIGNAL`` at the death of its owner
(prctl(2), PR_SET_PDEATHSIG), and turns into PROGRAM with the same process id. The order matters: the kernel forgets
the wish for that signal whenever the account changes. It runs as a separate program, because code between fork and
exec of a process with threads may wait forever; and it imports nothing of Yitong, so that it costs some 15 ms.
"""

from __future__ import annotations

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1
_CANNOT_RUN = 126


def take_account(account: str) -> None:
    """Change to ``UID:GID`` with no further groups; ``-`` stays as it is."""
    if account != "-":
        uid, gid = (int(part) for part in account.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)


def die_with(owner_pid: int, signal_number: int) -> None:
    """Ask for ``signal_number`` when the owner ends; end now if it has ended already."""
    if sys.platform != "linux":
        return  # only Linux offers this; elsewhere the next start ends what was left behind
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    if os.getppid() != owner_pid:
        sys.exit(_CANNOT_RUN)  # the owner ended before the wish was heard


def main(arguments: list[str]) -> None:
    """Carry out the command line; returns only by raising."""
    owner_pid, signal_number, account, *command = arguments
    try:
        take_account(account)
        die_with(int(owner_pid), int(signal_number))
        os.execv(command[0], command)  # noqa: S606 - becoming the given program, without a shell, is the purpose
    except OSError as error:
        sys.stderr.write(f"cannot run {command[0]}: {error}\n")
        sys.exit(_CANNOT_RUN)


if __name__ == "__main__":
    main(sys.argv[1:])
