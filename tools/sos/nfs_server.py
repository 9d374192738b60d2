# SPDX-License-Identifier: BSD-2-Clause
"""A private nfs-ganesha on free loopback ports, exporting one folder as /export.

Inside QEMU's user network the host's 127.0.0.1 is 10.0.2.2, so the ports are reachable from SOS
and from this machine, and from nowhere else.
"""

import ctypes
import os
import signal
import socket
import time
from pathlib import Path

from children import SosError, end, spawn
from run_folder import BUILD

_HELPER = BUILD / "tools" / "nfs_helper.so"
_START_LIMIT = 10.0
_ATTEMPTS = 5  # a port that was free may be taken when the server binds it

_CONFIGURATION = """\
NFS_CORE_PARAM {{
    NFS_Port = {nfs_port}; MNT_Port = {mount_port}; Bind_addr = 127.0.0.1; Protocols = 3, 4;
    Plugins_Dir = "{plugins}"; mount_path_pseudo = true;
    Enable_NLM = false; Enable_RQUOTA = false; Enable_UDP = false;
}}
NFSv4 {{
    Graceless = true; Grace_Period = 0; RecoveryBackend = "fs"; RecoveryRoot = "{state}";
    Only_Numeric_Owners = true;
}}
NFS_KRB5 {{ Active_krb5 = false; }}
MDCACHE {{ Dir_Chunk = 0; }}
EXPORT {{
    Export_Id = 1; Path = "{folder}"; Pseudo = "/export"; Access_Type = RW;
    Squash = No_Root_Squash; SecType = sys; Protocols = 3, 4; Transports = TCP;
    PrivilegedPort = false; Attr_Expiration_Time = 0;
    MaxRead = 1048576; MaxWrite = 1048576; PrefRead = 1048576; PrefWrite = 1048576;
    FSAL {{ Name = VFS; }}
}}
"""


def free_ports(count):
    """Ports free on the loopback address now, all different."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for s in sockets:
            s.bind(("127.0.0.1", 0))
        return [s.getsockname()[1] for s in sockets]
    finally:
        for s in sockets:
            s.close()


def _listening(port):
    with socket.socket() as s:
        s.settimeout(1.0)
        return s.connect_ex(("127.0.0.1", port)) == 0


def _kernel_handles_work(folder):
    """Whether this process may open files by the kernel's handles: see tools/nfs/README.md."""

    class Handle(ctypes.Structure):
        _fields_ = [("bytes", ctypes.c_uint), ("type", ctypes.c_int),
                    ("data", ctypes.c_ubyte * 128)]

    libc = ctypes.CDLL(None, use_errno=True)
    handle, mount_id = Handle(bytes=128), ctypes.c_int()
    at_fdcwd, name = -100, os.fsencode(folder)
    if libc.name_to_handle_at(at_fdcwd, name, ctypes.byref(handle), ctypes.byref(mount_id), 0) != 0:
        return False
    mount = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fd = libc.open_by_handle_at(mount, ctypes.byref(handle), os.O_RDONLY)
        if fd < 0:
            return False
        os.close(fd)
        return True
    finally:
        os.close(mount)


def _plugins():
    found = sorted(Path("/usr/lib").glob("**/ganesha/libfsalvfs.so"))
    if not found:
        raise SosError("nfs-ganesha-vfs is not installed")
    return found[0].parent


class NfsServer:
    """`work` holds configuration, state and log; `folder` is what SOS sees."""

    def __init__(self, folder, work, emulate_handles=None):
        self.folder = Path(folder).resolve()
        if not self.folder.is_dir():
            raise SosError(f"{folder} is not a folder")
        if set(str(self.folder)) & set('"\n#'):
            raise SosError(f"{self.folder}: a name with a quote or a # cannot be exported")
        self.work = Path(work)
        self.log = self.work / "ganesha.log"
        self._child = None
        if emulate_handles is None:
            emulate_handles = os.geteuid() != 0 or not _kernel_handles_work(self.folder)
        self._emulate_handles = emulate_handles
        for _ in range(_ATTEMPTS):
            self.nfs_port, self.mount_port = free_ports(2)
            if self._try_start():
                return
        raise SosError(f"the NFS server does not start; see {self.log}")

    @property
    def pid(self):
        return self._child.pid

    @property
    def address(self):
        """As SOS's boot argument `nfs` wants it."""
        return f"10.0.2.2:{self.nfs_port}:{self.mount_port}/export"

    def _try_start(self):
        state = self.work / "nfs-state"
        state.mkdir(exist_ok=True)
        pid_file = self.work / "ganesha.pid"
        pid_file.unlink(missing_ok=True)
        configuration = self.work / "ganesha.conf"
        configuration.write_text(_CONFIGURATION.format(
            nfs_port=self.nfs_port, mount_port=self.mount_port, plugins=_plugins(), state=state,
            folder=self.folder))
        environment = dict(os.environ, LD_PRELOAD=str(_HELPER))
        if self._emulate_handles:
            environment["SOS_NFS_EXPORT"] = str(self.folder)
        with open(self.work / "ganesha.out", "ab") as out:
            self._child = spawn(
                ["ganesha.nfsd", "-F", "-f", str(configuration), "-L", str(self.log),
                 "-p", str(pid_file), "-N", "EVENT"],
                stdout=out, stderr=out, cwd=self.work, env=environment)
        deadline = time.monotonic() + _START_LIMIT
        while time.monotonic() < deadline:
            if self._child.poll() is not None:
                return False
            if _listening(self.nfs_port) and _listening(self.mount_port):
                return self._child.poll() is None
            time.sleep(0.02)
        end(self._child)
        return False

    def pause(self):
        """The server stops answering, as when its machine hangs."""
        os.kill(self._child.pid, signal.SIGSTOP)

    def resume(self):
        os.kill(self._child.pid, signal.SIGCONT)

    def kill(self):
        """Ends at once, as when its machine loses power."""
        self._child.kill()
        self._child.wait()

    def restart(self):
        """Starts again after `kill` or `close`, on the same ports."""
        deadline = time.monotonic() + _START_LIMIT
        while not self._try_start():
            if time.monotonic() > deadline:
                raise SosError(f"the NFS server does not start again; see {self.log}")
            time.sleep(0.2)

    def close(self):
        if self._child is not None:
            end(self._child)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
