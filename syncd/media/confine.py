"""Run a command with less: limits, user, sandbox. A script of its own, started as `python -I -S confine.py`.

    confine.py [key=value ...] -- command [argument ...]

    parent=PID      give up if the daemon is gone already
    input=FD        becomes fd 3 of the command
    as= cpu= fsize= nofile= nproc= core=    resource limits, bytes, seconds or counts
    uid=N           become this user and group (root only); `drop` instead gives up root's capabilities
    net=off         no network, if the kernel lets us; `net=must` fails otherwise
    landlock=1      open nothing but what follows, and connect to nothing
    read=DIR        a folder or file that may be read and run (repeatable)
    supervise=1     stay as the parent, and leave no grandchild behind

It imports nothing of syncd, so that the child of a daemon with a broken tree still starts.
Numbers of system calls and flags are those of the kernel's asm-generic table, which all our machines share.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import sys

INPUT_FD = 3
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS, PR_SET_CHILD_SUBREAPER = 1, 38, 36
PR_CAPBSET_DROP = 24
CLONE_NEWUSER, CLONE_NEWNET, CLONE_NEWIPC = 0x10000000, 0x40000000, 0x08000000
LANDLOCK_CREATE, LANDLOCK_ADD, LANDLOCK_RESTRICT = 444, 445, 446
FS_EXECUTE, FS_WRITE, FS_READ, FS_READ_DIR = 1, 2, 4, 8
# What each Landlock version can refuse of the file system: 13 rights at first, then refer, truncate, ioctl.
FS_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
NICE = 10

libc = ctypes.CDLL(None, use_errno=True)


class Ruleset(ctypes.Structure):
    _fields_ = [("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64)]


class Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32)]


class CapHeader(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


def checked(result: int, what: str) -> int:
    """*result* of a system call; raises OSError naming *what* failed."""
    if result < 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")
    return result


def prctl(option: int, value: int) -> None:
    checked(libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0), f"prctl {option}")


def limit(settings: dict[str, str]) -> None:
    """Set the resource limits that are named; never above a hard limit that already stands."""
    for key in ("as", "cpu", "fsize", "nofile", "nproc", "core"):
        if key in settings:
            kind = getattr(resource, f"RLIMIT_{key.upper()}")
            hard = resource.getrlimit(kind)[1]
            value = int(settings[key])
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(kind, (value, value))


def become(uid: str) -> None:
    """Another user, or root without root's powers. Only root can, and only root needs to."""
    if os.getuid() != 0:
        return
    if uid == "drop":
        for capability in range(64):
            if libc.prctl(PR_CAPBSET_DROP, ctypes.c_ulong(capability), 0, 0, 0) != 0:
                break
        checked(libc.capset(ctypes.byref(CapHeader(0x20080522, 0)), (ctypes.c_uint32 * 6)()), "capset")
        return
    os.setgroups([])
    os.setresgid(int(uid), int(uid), int(uid))
    os.setresuid(int(uid), int(uid), int(uid))


def leave_network(how: str) -> None:
    """An empty network namespace, and one of IPC where we may; a user namespace carries them where we are not root."""
    carrier = CLONE_NEWUSER if os.geteuid() != 0 else 0
    # A service manager may allow no namespaces but these (systemd's RestrictNamespaces).
    for flags in (CLONE_NEWNET | CLONE_NEWIPC, CLONE_NEWNET):
        if libc.unshare(flags | carrier) == 0:
            return
    if how == "must":
        checked(-1, "unshare")


def landlock(paths: list[str], fds: list[int]) -> None:
    """Open no file but those below *paths* and the already open *fds*; from version 4 on, no TCP either."""
    version = checked(libc.syscall(LANDLOCK_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(1)), "landlock")
    rights = (1 << FS_RIGHTS.get(version, 16)) - 1
    attributes = Ruleset(rights, 3 if version >= 4 else 0, 3 if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    created = libc.syscall(LANDLOCK_CREATE, ctypes.byref(attributes), ctypes.c_size_t(size), ctypes.c_uint32(0))
    ruleset = checked(created, "landlock ruleset")
    for path in paths:
        allow(ruleset, path, FS_EXECUTE | FS_READ | FS_READ_DIR)
    allow(ruleset, "/dev/null", FS_READ | FS_WRITE)
    allow(ruleset, "/dev/urandom", FS_READ)
    for fd in fds:
        rule(ruleset, fd, FS_READ)
    checked(libc.syscall(LANDLOCK_RESTRICT, ruleset, ctypes.c_uint32(0)), "landlock restrict")
    os.close(ruleset)


def allow(ruleset: int, path: str, rights: int) -> None:
    """A rule for *path*, if it exists; a plain file takes no folder rights."""
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    rule(ruleset, fd, rights if os.path.isdir(path) else rights & ~FS_READ_DIR)
    os.close(fd)


def rule(ruleset: int, fd: int, rights: int) -> None:
    """Add it. What cannot carry a rule (a socket, a memory file) needs none: it has no path to open."""
    beneath = Beneath(rights, fd)
    libc.syscall(LANDLOCK_ADD, ruleset, ctypes.c_int(1), ctypes.byref(beneath), ctypes.c_uint32(0))


def supervise(command: list[str]) -> int:
    """Run *command*, adopt what it orphans, kill all of that at its end. The exit status, as a shell counts it."""
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    child = os.fork()
    if child == 0:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        os.execv(command[0], command)

    def ended(_signal: int, _frame: object) -> None:
        reap()
        os._exit(143)

    signal.signal(signal.SIGTERM, ended)
    prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    while True:
        pid, status = os.wait()
        if pid == child:
            reap()
            return os.waitstatus_to_exitcode(status) & 0xFF


def reap() -> None:
    """Kill child after child; those that they leave become ours, until there is none."""
    while True:
        for pid in children():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        try:
            os.wait()
        except ChildProcessError:
            return


def children() -> list[int]:
    """The processes whose parent we are."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as stat:
                    fields = stat.read().rpartition(b")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == os.getpid():
                found.append(int(name))
    return found


def main(words: list[str]) -> int:
    """Apply the settings before `--`, then become the command after it."""
    cut = words.index("--")
    command = words[cut + 1 :]
    settings = dict(word.split("=", 1) for word in words[:cut])
    read = [word[5:] for word in words[:cut] if word.startswith("read=")]
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if "parent" in settings and os.getppid() != int(settings["parent"]):
        return 1  # it died before we asked to be told
    os.nice(NICE)
    os.chdir("/")
    fds = []
    if "input" in settings:
        fd = int(settings["input"])
        if fd != INPUT_FD:
            os.dup2(fd, INPUT_FD)
            os.close(fd)
        os.set_inheritable(INPUT_FD, True)
        fds = [INPUT_FD]
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    if "net" in settings:
        leave_network(settings["net"])
    if "uid" in settings:
        become(settings["uid"])
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # a change of user forgets it
    if "landlock" in settings:
        landlock(read, fds)
    limit(settings)
    if "supervise" in settings:
        return supervise(command)
    os.execv(command[0], command)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except OSError as exc:
        sys.stderr.write(f"confine: {exc}\n")
        sys.exit(125)
