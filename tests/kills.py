"""Disturb commands at one moment each; judge what is left, and what the same words do afterwards.

A case is a number: it chooses command, fault and moment. A command runs in a fork of a process that
has imported galmass, in a folder on a small disk in memory, so that disks are full and folders
read-only for every library alike. Needs Linux, and the right to mount (root, or a user namespace).
"""

import ctypes
import fnmatch
import io
import json
import os
import re
import shutil
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import h5py
import numpy as np
import pandas as pd
from demo_folder import write_demo_galaxies
from sample_tables import make_dataset, make_samples, make_simulation
from served import free_ports
from tng_api import KEY, TngApi, content
from toy_maps import make_map_dataset

FAULTS = ("kill", "term", "interrupt", "full", "read-only", "clock")
DAY = 86400.0
_LONGEST = 300.0  # s that no command takes
_DISK = 64 << 20  # bytes
_SIGNALS = {"kill": signal.SIGKILL, "term": signal.SIGTERM, "interrupt": signal.SIGINT}
_HEARD = (signal.SIGINT, signal.SIGTERM)
_TEMPORARY = re.compile(  # names that promise nothing
    r"(^|/)\.|\.part(/|$)|(^|/)unfinished(\.old)?(/|$)|(^|/)lock(\.os)?$|\.progress\.json$|"
    r"(^|/)arriving-|(^|/)fields/|\.version$"
)
_LOGS = ("*log.txt", "*faults.txt")  # lines with times
_GROWING = (  # whole, but not yet the last
    *("*.safetensors", "*manifest.csv", "*history.csv"),
    "home/tng/*",  # a catalogue to which a table is going to be joined
)
_TIMED = re.compile(  # fields of JSON files that depend on the time, or on commits meanwhile
    r"^/progress|second|^/files/history\.csv/|/git_commit$"
)
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_CHANGES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.utime", "os.truncate"}


@dataclass(frozen=True)
class Command:
    """A command of galmass.

    Attributes
    ----------
    name : str
    words : tuple of str
        After ``galmass``; paths are in the folder of the case, whose home is ``home``.
    changes : str
        Pattern of the files that were there before and that it changes.
    weight : float
        Share of the cases.
    """

    name: str
    words: tuple[str, ...]
    changes: str = ""
    weight: float = 1.0


@dataclass(frozen=True)
class Case:
    """What is done to which command, and when.

    Attributes
    ----------
    command : Command
    fault : str
        One of `FAULTS`.
    event : int or None
        Before so many changes of files, else ...
    share : float
        ... at this share of the undisturbed command's duration.
    choice : float
        From 0 to 1: how full the disk is, and which way the clock jumps.
    """

    command: Command
    fault: str
    event: int | None
    share: float
    choice: float

    def __str__(self) -> str:
        at = f"change {self.event}" if self.event is not None else f"{100 * self.share:.0f} %"
        return f"{self.command.name}: {self.fault} at {at} ({self.choice:.2f})"


def _train(name: str, data: str, *words: str, weight: float = 1.0) -> Command:
    return Command(
        f"train {name}", ("train", data, *words, "--out", f"home/runs/{name}"), "", weight
    )


SMALL = ("--preset", "laptop", "--epochs", "2", "--batch", "12", "--width", "0.03")
SMALL += ("--device", "cpu")
_FORMULAS = ("--experiment", "mstar/power-law", "--experiment", "mtot/power-law")
PRELOADED = (
    "galmass_app.page",
    "galmass_app.routes",
    "galmass_core.api",
    "galmass_core.cli",
    "galmass_core.datasets.build",
    "galmass_core.datasets.combine",
    "galmass_core.fetch.remote",
    "galmass_core.synthetic.drawn",
    "galmass_core.training.curves",
    "galmass_core.training.network_runs",
    "galmass_core.transfers.features",
    "lightgbm",
    "pyarrow.parquet",
    "scipy.stats",
    "torch._dynamo",  # which the first step of an optimiser imports
)
_DEMO = ("demo", "--galaxies", "2", "--workers", "1", "--home", "home")
COMMANDS = (
    Command("build", ("build", "cutouts", "--out", "home/built", "--workers", "1"), "", 3),
    Command("demo", _DEMO, "", 2),
    Command("demo with particles", (*_DEMO, "--particles", "home/kept")),
    Command(
        "catalogue",
        ("catalogue", "groups", "--out", "home/tng", "--disc-fractions", "discs.csv"),
        "",
        2,
    ),
    Command("combine", ("combine", "maps", "more", "--out", "home/both"), "", 2),
    Command("join", ("join", "table", "spins.csv"), "home/table/*", 3),
    Command("fetch", ("fetch", "--out", "home/tng100", "--also", "offsets"), "", 2),
    Command("fetch and build", ("fetch", "--out", "home/tng100", "--build", "home/fetched")),
    _train("formula", "table", "--experiment", "mstar/power-law"),
    _train("trees", "table", "--experiment", "mstar/features"),
    _train("network", "maps", "--experiment", "mstar/2V", *SMALL, weight=2),
    Command("train several", ("train", "table", *_FORMULAS, "--out", "home/several")),
    Command("resume", ("resume", "stopped", "--device", "cpu"), "home/runs/stopped/*"),
    Command("curve", ("curve", "table", "mstar/power-law", "--sizes", "15,20", "--repeats", "1")),
    Command(
        "transfer",
        ("transfer", "--train", "one", "--test", "two", "--experiment", "mstar/power-law"),
    ),
    Command("predict", ("predict", "known", "table", "--out", "masses.csv")),
    Command("predict again", ("predict", "known", "table", "--out", "old.csv"), "old.csv"),
    Command("serve and train", ("serve", "maps", "--no-browser", "--port", "PORT"), "", 0.7),
)


def write_template(folder: Path) -> None:
    """Write what is there before every command: galaxies, data sets, tables, runs."""
    home = folder / "home"
    home.mkdir(parents=True)
    os.environ["GALMASS_HOME"] = str(home)
    write_demo_galaxies(folder / "cutouts", 3)
    make_dataset(home / "table", make_samples(30).assign(synthetic=True))
    for name, seed in (("one", 1), ("two", 2)):
        make_simulation(home / name, seed)
    for name, seed in (("maps", 1), ("more", 2)):
        make_map_dataset(home / name, 8, seed=seed, synthetic=True)
        description = home / name / "dataset.json"
        info = json.loads(description.read_text())
        info["maps"] |= {"light_pixels": 60, "kinematic_pixels": 48, "dust": "none"}
        description.write_text(json.dumps(info))
    names = [f"synthetic/table/0/{number}" for number in range(30)]
    pd.DataFrame({"name": names, "spin": 0.5}).to_csv(folder / "spins.csv", index=False)
    (folder / "old.csv").write_text("masses of yesterday\n")
    rows = {"SubhaloID": range(8), "f_disk_2d": 0.25, "bulge_index": 2.0}
    pd.DataFrame(rows).to_csv(folder / "discs.csv", index=False)
    _write_catalogue(folder / "groups" / "groups_099")
    _write_runs()


def _write_catalogue(folder: Path) -> None:
    """Write a group catalogue in one file."""
    api = TngApi(8)
    header = {"NumFiles": 1, "Time": 1.0, "Redshift": 0.0, "SimulationName": "L75n1820TNG"}
    header |= {"BoxSize": 75000.0, "HubbleParam": 0.6774, "Omega0": 0.3, "OmegaLambda": 0.7}
    fields = {f"Subhalo/{key}": values for key, values in api.subhaloes().items()}
    fields |= {"Group/GroupFirstSub": np.array([0, -1, 2]), "Group/GroupNsubs": api.nsubs()}
    folder.mkdir(parents=True)
    file = folder / "fof_subhalo_tab_099.0.hdf5"
    file.write_bytes(content(header | {"SnapshotNumber": 99}, fields))


def _write_runs() -> None:
    """Write a finished run, and a network that was stopped after its first epoch."""
    from galmass_core import api
    from galmass_core.datasets.folders import home_folder
    from galmass_core.training import network_runs

    runs = home_folder() / "runs"
    api.train("table", "mstar/power-law", out=runs / "known")

    def stop(*_: object) -> None:
        save(*_)
        raise KeyboardInterrupt

    save, network_runs.save_tensors = network_runs.save_tensors, stop
    settings = {"preset": "laptop", "epochs": 2, "batch": 12, "width": 0.03, "device": "cpu"}
    with suppress(KeyboardInterrupt):
        api.train("maps", "mstar/2V", out=runs / "stopped", **settings)
    network_runs.save_tensors = save


# What a child process does


def run_command(command: Command, base: str) -> int:
    """Run a command in this process, on a small scale; return its exit code."""
    from galmass_core.cli import main
    from galmass_core.datasets import build
    from galmass_core.fetch import sample
    from galmass_core.storage import progress
    from galmass_core.synthetic import solver, universe
    from galmass_core.training import run_writer

    os.environ |= {"GALMASS_HOME": "home", "TNG_API_KEY": KEY, "TNG_API_URL": base}
    sample.WORKERS = 1
    universe.write_universe.__kwdefaults__["most_particles"] = 1000.0
    solver.solve_model.__defaults__ = (1000.0,)
    build.GALAXIES_PER_SHARD = 1  # several shards
    progress.EVERY = run_writer.BEAT = 0.0  # every report is written
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEARD)
    except KeyboardInterrupt:  # before the command has begun
        return 130
    if command.words[0] == "serve":
        return _serve(command)
    return main(list(command.words))


def _serve(command: Command) -> int:
    """Serve the dashboard until a training that is ordered there, as its page does, has ended."""
    from galmass_core.cli import main

    (port,) = free_ports(1)
    words = [str(port) if word == "PORT" else word for word in command.words]
    ends: list[str] = []
    threading.Thread(target=_order_training, args=(port, ends), daemon=True).start()
    with suppress(KeyboardInterrupt, SystemExit):
        main(words)
    return 0 if ends == ["finished"] else 130


def _order_training(port: int, ends: list[str]) -> None:
    """Order a training once the server answers, or resume it; stop the server when it has ended."""
    try:
        with suppress(OSError, TimeoutError):
            ends.append(_state_of_training(port))
    finally:
        os.kill(os.getpid(), signal.SIGINT)


def _state_of_training(port: int) -> str:
    """Order a training, or resume it; return its state in the end."""
    from galmass_app import jobs
    from galmass_core.datasets.dataset import open_dataset
    from galmass_core.training.run_files import RECORD
    from galmass_core.training.runs import ACTIVE, open_run, runs_folder

    path = runs_folder() / "served"
    jobs.new_run_folder = lambda _: path.mkdir(exist_ok=True) or path
    while True:
        with suppress(OSError), urlopen(f"http://127.0.0.1:{port}/liveness", timeout=9):
            break
        time.sleep(0.05)
    changes = (("epochs", 2), ("batch", 12), ("width", 0.03))
    order = jobs.Order(
        data=open_dataset("maps").path, experiment="mstar/2V", preset="laptop", changes=changes
    )
    if path.exists():
        (path / jobs.LOG).unlink(missing_ok=True)  # with the last words of an earlier process
    before = open_run(path) if (path / RECORD).exists() else None
    if before is None:
        jobs.start(order)
    elif before.state not in (*ACTIVE, "finished"):
        jobs.resume("served")
    latest = time.monotonic() + _LONGEST / 2
    while time.monotonic() < latest and not jobs.trouble("served"):
        run = open_run(path) if (path / RECORD).exists() else None
        has_begun = run and (before is None or run.record["queued"] != before.record["queued"])
        if run and (run.state == "finished" or (has_begun and run.state not in ACTIVE)):
            return run.state
        time.sleep(0.05)
    raise TimeoutError


class Events:
    """Count this process's changes of files in a folder; call a function before one of them."""

    def __init__(self, folder: Path, at: int | None, strike: Callable[[], None]) -> None:
        self.seen, self._folder, self._at, self._strike = 0, str(folder), at, strike
        sys.addaudithook(self._hear)
        sync, os.fsync = os.fsync, lambda *_: (self._count(), sync(*_))[1]

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        writes = event in _CHANGES or (event == "open" and isinstance(args[2], int))
        if not writes or (event == "open" and not args[2] & _WRITES):
            return
        name = args[0]
        if isinstance(name, (str, bytes, os.PathLike)):
            path = str(Path.cwd() / os.fsdecode(name))
            if path.startswith(self._folder):
                self._count()

    def _count(self) -> None:
        self.seen += 1
        if self.seen - 1 == self._at:
            self._strike()


def shift_clock(seconds: float) -> None:
    """Let the clock of this process jump, and with it the kernel's record of the time of boot."""
    import psutil

    from galmass_core.fetch import status
    from galmass_core.training import run_writer, runs

    class Jumped(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(tz) + timedelta(seconds=seconds)

    system = psutil._pslinux
    now, now_ns, boot = time.time, time.time_ns, system.boot_time
    time.time = lambda: now() + seconds
    time.time_ns = lambda: now_ns() + int(seconds * 1e9)
    system.boot_time = lambda: boot() + seconds
    runs.datetime = run_writer.datetime = status.datetime = Jumped


@dataclass
class Ended:
    """How a process ended: exit code, minus the number of a signal; what it wrote; changes."""

    code: int
    text: str
    events: int
    seconds: float


# What the process does that starts them


class Workplace:
    """A small disk for the folders of cases, one after another; ends with the process.

    Parameters
    ----------
    folder : Path
        Empty; the template and the disk are made in it.
    """

    def __init__(self, folder: Path) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self.template, self.disk = folder / "template", folder / "disk"
        self.case, self.output = self.disk / "case", folder / "output"
        self.disk.mkdir()
        self._mount_disk()
        assert not fork(lambda: write_template(self.template), self.output).code, self._said()
        self.base, self._server = start_server()
        self.before = read_tree(self.template)

    def close(self) -> None:
        """End the server, and free the disk."""
        os.kill(self._server, signal.SIGKILL)
        os.waitpid(self._server, 0)
        self._libc.umount2(os.fsencode(self.disk), 2)

    def move(self, name: str) -> None:
        """Take a disk of its own, of the same path, in a fork of the process that made it."""
        self._mount_disk()
        self.output = self.output.with_name(name)

    def _said(self) -> str:
        return self.output.read_text(errors="replace")

    def _mount_disk(self) -> None:
        """Mount a disk that only this process and its children see."""
        private, rec, new_mounts, new_user = 1 << 18, 1 << 14, 0x20000, 0x10000000
        uid, gid = os.getuid(), os.getgid()
        if self._libc.unshare(new_mounts if uid == 0 else new_mounts | new_user):
            raise PermissionError(ctypes.get_errno(), "must be allowed to mount")
        if uid:  # the first time
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
            Path("/proc/self/gid_map").write_text(f"0 {gid} 1")
        self._mount(b"none", Path("/"), None, private | rec, None)
        self._mount(b"tmpfs", self.disk, b"tmpfs", 0, f"size={_DISK}".encode())

    def _mount(
        self, source: bytes, at: Path, kind: bytes | None, flags: int, data: bytes | None
    ) -> None:
        if self._libc.mount(source, os.fsencode(at), kind, ctypes.c_ulong(flags), data):
            raise OSError(ctypes.get_errno(), f"mount: {os.strerror(ctypes.get_errno())}")

    def protect(self) -> None:
        """Make the folder of the case read-only for files that are opened from now on."""
        bind, remount, read_only = 1 << 12, 1 << 5, 1
        self._mount(os.fsencode(self.case), self.case, None, bind, None)
        self._mount(b"none", self.case, None, bind | remount | read_only, None)

    def fill(self, room: int) -> None:
        """Fill the disk, but for a few bytes."""
        state = os.statvfs(self.disk)
        with (self.disk / "ballast").open("wb") as stream:
            os.posix_fallocate(stream.fileno(), 0, state.f_bavail * state.f_frsize - room)

    def calm(self) -> None:
        """Undo both."""
        self._libc.umount2(os.fsencode(self.case), 2)
        (self.disk / "ballast").unlink(missing_ok=True)

    def reset(self) -> None:
        """Make the folder of a case as it was before every command."""
        shutil.rmtree(self.case, ignore_errors=True)
        shutil.copytree(self.template, self.case)

    def start(
        self, command: Command, *, at: int | None = None, clock: float = 0.0, jump: float = 0.0
    ) -> "Child":
        """Run a command in a child, which stops before a change of a file.

        Parameters
        ----------
        command : Command
        at : int, optional
        clock : float
            Its clock is wrong from the start; s.
        jump : float
            Its clock jumps there; s.
        """

        def act() -> int:
            os.chdir(self.case)
            if clock:
                shift_clock(clock)
            events = Events(self.case, at, strike)
            try:
                return run_command(command, self.base)
            finally:
                os.write(9, f"{events.seen}".encode())

        def strike() -> None:
            os.kill(os.getpid(), signal.SIGSTOP)
            os.chdir(self.case)  # as it is mounted now
            if jump:
                shift_clock(jump)

        return Child(act, self.output)

    def run(self, command: Command, **options: Any) -> Ended:
        """Run a command to its end."""
        return self.start(command, **options).wait()


class Child:
    """A fork of this process that runs a function; what it writes goes to a file."""

    def __init__(self, act: Callable[[], int | None], output: Path) -> None:
        self._output, self._began = output, time.monotonic()
        self._ours, theirs = os.pipe()
        output.write_text("")
        signal.pthread_sigmask(signal.SIG_BLOCK, _HEARD)  # by commands, once they begin
        self.pid = os.fork()
        if not self.pid:
            _be_child(act, output, theirs)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEARD)
        os.close(theirs)

    def stopped(self, seconds: float | None = None) -> bool:
        """Wait until it stops itself, or for so long, and stop it; return False if it ended."""
        if seconds is not None:
            end = self._began + seconds
            while time.monotonic() < end and not self._has_ended():
                time.sleep(min(0.01, max(0.0, end - time.monotonic())))
            os.kill(self.pid, signal.SIGSTOP)
        return self._until(os.WSTOPPED | os.WEXITED) in (os.CLD_STOPPED,)

    def wait(self) -> Ended:
        """Let it go on; wait for its end."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGCONT)
        hangs = self._until(os.WEXITED) is None
        if hangs:
            os.kill(self.pid, signal.SIGKILL)
        seconds = time.monotonic() - self._began
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        events = os.read(self._ours, 20).decode()
        os.close(self._ours)
        text = self._output.read_text(errors="replace") + "\nhangs" * hangs
        return Ended(status, text, int(events or 0), seconds)

    def _has_ended(self) -> bool:
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def _until(self, states: int) -> int | None:
        """Wait for a state; None after the longest time."""
        end = time.monotonic() + _LONGEST
        while time.monotonic() < end:
            found = os.waitid(os.P_PID, self.pid, states | os.WNOHANG | os.WNOWAIT)
            if found is not None:
                return found.si_code
            time.sleep(0.003)
        return None


def fork(act: Callable[[], int | None], output: Path) -> Ended:
    """Run a function in a child to its end."""
    return Child(act, output).wait()


def _be_child(act: Callable[[], int | None], output: Path, results: int) -> None:
    """Run a function, and end."""
    code = 1
    try:
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # if its parent dies, also while it is stopped
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.dup2(results, 9)
        to = os.open(output, os.O_CREAT | os.O_TRUNC | os.O_WRONLY)
        os.dup2(to, 1)
        os.dup2(to, 2)
        sys.stdout = io.TextIOWrapper(io.FileIO(1, "w"), line_buffering=True)
        sys.stderr = io.TextIOWrapper(io.FileIO(2, "w"), line_buffering=True)
        code = act() or 0
    except BaseException:
        traceback.print_exc()
    finally:
        with suppress(BaseException):
            sys.stdout.flush()
        os._exit(code)


def start_server() -> tuple[str, int]:
    """Start the web API in a child; return its address, and the child's number."""
    ours, theirs = os.pipe()
    parent = os.getpid()
    if not (pid := os.fork()):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # clients that are killed
        with TngApi() as api:
            os.write(theirs, api.base.encode())
            while os.getppid() == parent:
                time.sleep(1.0)
        os._exit(0)
    return os.read(ours, 100).decode(), pid


def read_tree(folder: Path) -> dict[str, bytes]:
    """Return the content of all files below a folder; empty folders end in a slash."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            found[str(path.relative_to(folder))] = path.read_bytes()
        elif not any(path.iterdir()):
            found[f"{path.relative_to(folder)}/"] = b""
    return found


class Expected:
    """What an undisturbed command leaves; from two of them, what time and chance do not change."""

    def __init__(self, place: Workplace, command: Command) -> None:
        self.command, trees = command, []
        for _ in range(2):
            place.reset()
            ended = place.run(command)
            assert ended.code == 0, f"{command.name}: {ended.text}"
            trees.append(read_tree(place.case))
        self.events, self.seconds = ended.events, ended.seconds
        first, self.tree = trees
        assert _names(first) == _names(self.tree), command.name
        self.alike = {name for name in self.tree if first.get(name) == self.tree[name]}
        self._facts = {
            name: _facts(name, first[name]) & _facts(name, self.tree[name])
            for name in _names(first) - self.alike
        }
        self.size = sum(map(len, self.tree.values())) - sum(map(len, place.before.values()))

    def differences(self, tree: dict[str, bytes]) -> list[str]:
        """Return what another tree has otherwise."""
        ours, theirs = _names(self.tree), _names(tree)
        found = [f"lost {name}" for name in sorted(ours - theirs)]
        found += [f"left {name}" for name in sorted(theirs - ours)]
        for name in sorted(ours & theirs):
            if name in self.alike:
                if tree[name] != self.tree[name]:
                    found.append(f"other {name}")
            elif odd := self._facts[name] - _facts(name, tree[name]):
                found.append(f"other {name}: {sorted(odd)[0]}")
        return found


def _names(tree: dict[str, bytes]) -> set[str]:
    """Return the names of a tree's files, but logs."""
    return {name for name in tree if not any(fnmatch.fnmatch(name, log) for log in _LOGS)}


def _facts(name: str, text: bytes) -> set[tuple[str, str]]:
    """Return the values of a file, with their places."""
    if name.endswith(".json"):
        return {fact for fact in _flat(json.loads(text)) if not _TIMED.search(fact[0])}
    if name.endswith(".safetensors"):  # its header has seconds
        header = 8 + int.from_bytes(text[:8], "little")
        return {("tensors", sha256(text[header:]).hexdigest())}
    assert name.endswith(".csv"), f"{name} is another each time"
    table = pd.read_csv(io.BytesIO(text))
    if "manifest" in name:  # in order of arrival
        return {("rows", str(sorted(map(str, table.to_numpy()))))}
    return {(key, str(list(table[key]))) for key in table}


def _flat(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _flat(each, f"{place}/{key}")
    else:
        yield place, json.dumps(value)


# Cases


def make_case(number: int, seed: int, expected: dict[str, Expected]) -> Case:
    """Choose command, fault and moment of a case."""
    rng = np.random.default_rng([seed, number])
    commands = [each.command for each in expected.values()]
    weights = np.array([each.weight for each in commands])
    command = commands[rng.choice(len(commands), p=weights / weights.sum())]
    fault = FAULTS[rng.choice(len(FAULTS), p=[0.3, 0.15, 0.15, 0.15, 0.1, 0.15])]
    event = int(rng.integers(expected[command.name].events + 1))
    by_time = rng.random() < 0.3 and fault not in ("clock", "read-only")
    return Case(command, fault, None if by_time else event, rng.random(), rng.random())


def judge(place: Workplace, case: Case, expected: Expected) -> list[str]:
    """Run a case; return what is wrong, nothing if all is well."""
    place.reset()
    ended, notes = disturb(place, case, expected)
    notes += _judge_end(case, ended)
    tree = read_tree(place.case)
    if ended.code == 0:
        stays = "left" * (case.fault == "read-only")  # what cannot be removed may
        found = expected.differences(tree)
        notes += [f"success, but {each}" for each in found if each.split()[0] != stays]
    notes += _judge_rest(case.command, place.before, tree, expected)
    checked = fork(lambda: _open_all(place), place.output)
    notes += [f"afterwards {line}" for line in checked.text.splitlines()[-1:] if checked.code]
    late = (DAY if case.choice < 0.5 else -DAY) * (case.fault == "clock")
    again = place.run(case.command, clock=late)
    if again.code:
        notes.append(f"cannot be repeated: {_last(again.text)}")
    notes += [f"repeated, {each}" for each in expected.differences(read_tree(place.case))]
    return notes


def disturb(place: Workplace, case: Case, expected: Expected) -> tuple[Ended, list[str]]:
    """Run a command with its fault."""
    notes: list[str] = []
    jumps = case.fault == "clock" and case.choice % 0.5 < 0.25  # else it is killed, and repeated
    jump = (DAY if case.choice < 0.5 else -DAY) * jumps
    child = place.start(case.command, at=case.event, jump=jump)
    share = None if case.event is not None else case.share * expected.seconds
    if child.stopped(share):
        if case.fault in _SIGNALS:
            os.kill(child.pid, _SIGNALS[case.fault])
        elif case.fault == "full":
            place.fill(int(case.choice**2 * max(expected.size, 1 << 15)) // 4096 * 4096)
        elif case.fault == "read-only":
            place.protect()
        elif not jumps:
            os.kill(child.pid, signal.SIGKILL)
        else:
            seen = fork(lambda: _see_locks(place.case, jump), place.output.with_suffix(".seen"))
            notes += [f"another clock: {seen.text}"] * (seen.code != 0)
    ended = child.wait()
    place.calm()
    return ended, notes


def _judge_end(case: Case, ended: Ended) -> list[str]:
    """Return what is wrong with how a command ended."""
    if "Traceback" in ended.text or ended.text.endswith("hangs"):
        return [f"{_last(ended.text)} (exit code {ended.code})"]
    allowed = {
        "kill": (0, -signal.SIGKILL),
        "term": (0, 130, -signal.SIGTERM),
        "interrupt": (0, 130),
        "full": (0, 2),
        "read-only": (0, 2),
        "clock": (0, -signal.SIGKILL),
    }[case.fault]
    allowed += (130,) * case.command.name.startswith("serve")  # which goes on until it is stopped
    return [] if ended.code in allowed else [f"exit code {ended.code}: {_last(ended.text)}"]


def _judge_rest(
    command: Command, before: dict[str, bytes], tree: dict[str, bytes], expected: Expected
) -> list[str]:
    """Return what was lost or is half there."""
    notes = []
    for name, was in before.items():
        if not fnmatch.fnmatch(name, command.changes) and tree.get(name) != was:
            notes.append(f"lost {name}")
    for name in expected.alike & _names(tree):
        whole = tree[name] in (before.get(name), expected.tree[name])
        free = _TEMPORARY.search(name) or any(fnmatch.fnmatch(name, each) for each in _GROWING)
        if not whole and not free:
            notes.append(f"half {name}")
    return notes


def _open_all(place: Workplace) -> None:
    """Open whatever has a final name; what was there before must be there."""
    import pyarrow.parquet
    from safetensors import safe_open

    from galmass_core.datasets.dataset import open_dataset
    from galmass_core.datasets.folders import list_datasets
    from galmass_core.training.runs import read_runs

    home = place.case / "home"
    os.environ["GALMASS_HOME"] = str(home)
    opens = {
        ".json": lambda path: json.loads(path.read_text()),
        ".parquet": pyarrow.parquet.read_table,
        ".h5": lambda path: h5py.File(path).close(),
        ".hdf5": lambda path: h5py.File(path).close(),
        ".safetensors": lambda path: safe_open(path, framework="np"),
        ".npy": lambda path: np.load(path, mmap_mode="r"),
        ".csv": pd.read_csv,
    }
    for path in place.case.rglob("*"):
        name = str(path.relative_to(place.case))
        if path.suffix in opens and path.is_file() and not _TEMPORARY.search(name):
            opens[path.suffix](path)
    for path in list_datasets():
        data = open_dataset(path)
        was = place.template / "home" / path.name
        if was.exists():
            old = open_dataset(was).samples
            pd.testing.assert_frame_equal(data.samples[list(old)], old)
        if path.name.startswith("."):
            msg = f"{path.name} is listed as a data set"
            raise ValueError(msg)
    runs, damaged = read_runs(home / "runs")
    if damaged or {"known", "stopped"} - {run.name for run in runs}:
        msg = f"runs are damaged or lost: {damaged}"
        raise ValueError(msg)


def _see_locks(folder: Path, jump: float) -> None:
    """Look at the locks of a living process with another clock."""
    from galmass_core.storage.lock import is_locked

    shift_clock(jump)
    for lock in folder.rglob("lock"):
        assert is_locked(lock.parent), f"{lock.parent} must be locked"


def _last(text: str) -> str:
    """Return the last line of a text that is not empty."""
    lines = [line for line in re.split(r"[\n\r]", text) if line.strip()]
    return lines[-1].strip()[:300] if lines else "nothing was printed"


@contextmanager
def workplace(folder: Path) -> Iterator[Workplace]:
    """Make a disk for cases in a folder, and free it."""
    place = Workplace(folder)
    try:
        yield place
    finally:
        place.close()


def preload() -> None:
    """Import what commands import, so that their children need not."""
    import importlib

    for name in PRELOADED:
        importlib.import_module(name)
