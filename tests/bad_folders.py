"""Alter the folders of a small home one place at a time, and judge what galmass makes of them.

`write_home` writes data sets, runs of every kind, a transfer, a learning curve, and a fetch.
`list_cases` names every alteration of every field of every JSON, every column of every table, and
every file; of fields that are alike (errors by target, by set of maps, and by name) it names two.
`make_case` writes what is altered beside what belongs to it and one run and one data set more;
the runs that ship with galmass are left out.
`judge` says what commands, checks and pages make of one.
"""

import contextlib
import io
import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
from cases import Outcome
from sample_tables import make_dataset, make_samples, make_simulation
from toy_maps import make_map_dataset

from galmass_app import (
    comparison,
    diagnostics,
    explanations,
    learning_curves,
    predicted_profiles,
    run_index,
    services,
)
from galmass_app.predictions import predictions_of
from galmass_core.cli import main as galmass
from galmass_core.datasets.dataset import DataSet, open_dataset
from galmass_core.fetch.status import announce
from galmass_core.networks.presets import TrainingConfig
from galmass_core.training import runs as training_runs
from galmass_core.training.coverage import coverage_of_run
from galmass_core.training.curves import curve_trainings
from galmass_core.training.model_runs import train_run
from galmass_core.training.runs import Run, list_runs, shipped_runs
from galmass_core.training.several import train_several
from galmass_core.transfers.records import list_transfers, run_transfer

NETWORK = TrainingConfig(epochs=1, batch=16, width=0.05)
FAULTS = ("foreign error", "message", "others affected", "unnoticed", "hang", "crash")
_LISTED = 2  # of fields that are alike, those that are altered
_ALIKE = ("metrics", "subsets", "scores")  # errors, by names that say what of
_SKIPPED = ("lock", "lock.os", "log.txt", "faults.txt")


def write_home(folder: Path, *, networks: bool = True) -> None:
    """Write a small home; without networks it takes a third of the time."""
    samples = make_samples(40)
    samples["log_mstar_0.5rhsm"] = samples["log_mstar_1rhsm"] - 0.1 - 0.2 * samples["g_minus_r"]
    table = make_dataset(folder / "table", samples.assign(synthetic=True))
    blobs = make_map_dataset(folder / "blobs", 16)
    (folder / "blobs" / "unfinished").rmdir()
    runs = folder / "runs"
    for name in ("mstar/features", "mstar/power-law", *["profile/features"] * networks):
        train_run(table, name, path=runs / name.replace("/", "-"))
    for name in ("mstar/2V", "mstar/any@60") if networks else ():
        train_run(blobs, name, training=NETWORK, path=runs / name.replace("/", "-"), device="cpu")
    pair = [make_simulation(folder / name, seed) for seed, name in enumerate(("one", "other"))]
    run_transfer(*pair, "mstar/power-law")
    curve = curve_trainings(table, "mstar/power-law", sizes=(20, 27), repeats=1)
    train_several(table, curve, folder / "curves", device="cpu")
    (folder / "fetches" / "first").mkdir(parents=True)
    announce(folder / "fetches" / "first", {"simulation": "TNG100-1", "snapshot": 99})


# --- cases --------------------------------------------------------------------------------------

REMOVED = object()
VALUES: dict[str, Any] = {
    "removed": REMOVED,
    "null": None,
    "list": [],
    "object": {},
    "text": "text",
    "logical": True,
    "negative": -1,
    "huge": 1e300,
    "NaN": float("nan"),
    "path": "../x",
    "HTML": "<b onclick=alert(1)>x</b>",
}


def _set(value: object) -> Callable[[pd.DataFrame, str], pd.DataFrame]:
    def change(table: pd.DataFrame, column: str) -> pd.DataFrame:
        return table.assign(**{column: value})

    return change


COLUMNS: dict[str, Callable[[pd.DataFrame, str], pd.DataFrame]] = {
    "removed": lambda table, column: table.drop(columns=column),
    "renamed": lambda table, column: table.rename(columns={column: f"{column}x"}),
    "text": _set("text"),
    "number": _set(1.5),
    "NaN": _set(np.nan),
    "infinity": _set(np.inf),
    "huge": _set(1e300),
    "negative": _set(-1),
    "lists": lambda table, column: table.assign(**{column: [[1.0]] * len(table)}),
    "shuffled": lambda table, column: table.assign(
        **{column: table[column].sample(frac=1, random_state=1).to_numpy()}
    ),
}
TABLES: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "rows shuffled": lambda table: table.sample(frac=1, random_state=1),
    "no rows": lambda table: table[:0],
    "half": lambda table: table[: len(table) // 2],
    "rows twice": lambda table: pd.concat([table, table]),
    "one row twice": lambda table: pd.concat([table, table[:1]]),
    "no columns": lambda table: pd.DataFrame(index=table.index),
}


def _rewrite(path: Path, content: bytes) -> None:
    """Replace a file; links to the old one keep what it held."""
    path.unlink()
    path.write_bytes(content)


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x55
    _rewrite(path, bytes(content))


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _link(target: str) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        path.unlink()
        path.symlink_to(target)

    return damage


def _another(path: Path) -> None:
    """Put another file of the same name, from another folder, in its place."""
    kin = [p for p in path.parent.parent.glob(f"*/{path.name}") if p.parent != path.parent]
    home = path.parent.parent.parent
    kin += [p for p in home.rglob(path.name) if p.parent != path.parent]
    own, others = path.read_bytes(), [each.read_bytes() for each in kin if each.is_file()]
    _rewrite(path, next((content for content in others if content != own), b"another"))


FILES: dict[str, Callable[[Path], None]] = {
    "removed": Path.unlink,
    "empty": lambda path: _rewrite(path, b""),
    "cut": lambda path: _rewrite(path, path.read_bytes()[: path.stat().st_size // 2]),
    "last byte cut": lambda path: _rewrite(path, path.read_bytes()[:-1]),
    "one byte": _flip,
    "random": lambda path: _rewrite(path, np.random.default_rng(0).bytes(path.stat().st_size)),
    "folder": _folder,
    "link to nothing": _link("nowhere"),
    "link to itself": lambda path: _link(path.name)(path),
    "link to a device": _link("/dev/null"),
    "link outside": _link("/etc/passwd"),
    "another": _another,
}


@dataclass(frozen=True)
class Case:
    """One alteration: a file of the home, what in it (empty: the file itself), and how."""

    file: str
    place: tuple[str | int, ...]
    done: str

    def __str__(self) -> str:
        where = ".".join(map(str, self.place))
        return f"{self.file}{f' {where}' if where else ''}: {self.done}"

    @property
    def owner(self) -> str:
        """Folder of the run, data set, transfer ... that is altered."""
        parts = Path(self.file).parts
        return parts[0] if len(parts) < 3 or parts[1] == "maps" else "/".join(parts[:2])


def list_cases(home: Path) -> list[Case]:
    """Return every alteration of a home."""
    found = []
    for path in sorted(p for p in home.rglob("*") if p.is_file()):
        file = path.relative_to(home).as_posix()
        if file.startswith("cache") or path.name in _SKIPPED:
            continue
        found += [Case(file, (), done) for done in FILES]
        if path.suffix == ".json":
            places = _places(json.loads(path.read_text()))
            found += [Case(file, place, done) for place in places for done in VALUES]
            found += [Case(file, ("",), done) for done in VALUES if done != "removed"]
        if path.suffix == ".parquet":
            table = pd.read_parquet(path)
            found += [
                Case(file, ("rows",), done)
                for done, change in TABLES.items()
                if not change(table).equals(table)
            ]
            found += [
                Case(file, ("column", str(column)), done)
                for column in table
                for done, change in COLUMNS.items()
                if not change(table, column).equals(table)
            ]
    return found


def _places(content: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the places in a JSON, those alike once."""
    if isinstance(content, dict):
        objects = [key for key, value in content.items() if isinstance(value, dict)]
        named = len(objects) == len(content) > 3 or any(name in place for name in _ALIKE)
        alike = objects[_LISTED:] if named else ()
        for key in (key for key in content if key not in alike):
            yield (*place, key)
            yield from _places(content[key], (*place, key))
    elif isinstance(content, list) and content:
        yield (*place, 0)
        yield from _places(content[0], (*place, 0))


BESIDE = {  # what an altered folder is judged beside: what belongs to it, and others
    "table": ("runs/mstar-features", "runs/profile-features", "one"),
    "blobs": ("runs/mstar-2V", "runs/mstar-any@60", "one"),
    "one": ("other", "transfers/*", "runs/mstar-power-law"),
    "other": ("one", "transfers/*", "runs/mstar-power-law"),
    "runs/mstar-features": ("table", "one", "runs/mstar-power-law"),
    "runs/mstar-power-law": ("table", "one", "runs/mstar-features"),
    "runs/profile-features": ("table", "one", "runs/mstar-power-law"),
    "runs/mstar-2V": ("blobs", "one", "runs/mstar-power-law"),
    "runs/mstar-any@60": ("blobs", "one", "runs/mstar-power-law"),
    "transfers": ("one", "other", "transfers/*", "runs/mstar-power-law"),
    "curves": ("table", "one", "curves/*", "runs/mstar-power-law"),
    "fetches": ("one", "fetches/*", "runs/mstar-power-law"),
}


def make_case(home: Path, case: Case, at: Path) -> None:
    """Write a folder of a home, altered, and those beside it; what is not altered is linked."""
    beside = BESIDE.get(case.owner) or BESIDE[case.owner.partition("/")[0]]
    folders = {folder for pattern in (case.owner, *beside) for folder in home.glob(pattern)}
    for folder in folders:
        shutil.copytree(folder, at / folder.relative_to(home), copy_function=os.link)
    path = at / case.file
    if not case.place:
        FILES[case.done](path)
    elif path.suffix == ".json":
        content = json.loads(path.read_text())
        value = VALUES[case.done]
        if case.place == ("",):
            content = value
        else:
            within = content
            for key in case.place[:-1]:
                within = within[key]
            if value is REMOVED:
                del within[case.place[-1]]
            else:
                within[case.place[-1]] = value
        _rewrite(path, json.dumps(content).encode())
    else:
        table = pd.read_parquet(path)
        change = (
            TABLES[case.done](table)
            if case.place == ("rows",)
            else COLUMNS[case.done](table, str(case.place[1]))
        )
        path.unlink()
        change.to_parquet(path, index=False)


# --- judgement ----------------------------------------------------------------------------------


class Judge:
    """Judge cases of a home that lies at one path."""

    def __init__(self, home: Path) -> None:
        os.environ["GALMASS_HOME"] = str(home)
        self.home = home
        shipped_runs.cache_clear()
        with patch.object(training_runs, "SHIPPED", "none"):
            assert not shipped_runs()  # which is remembered

    def judge(self, case: Case) -> Outcome:
        """Return what commands, checks and pages make of an altered home."""
        forget()
        self.runs = {path.name for path in self.home.glob("runs/*")}
        self.names = {path.parent.name for path in self.home.glob("*/index.parquet")} | (
            {case.owner} if "/" not in case.owner else set()
        )
        refused, outcomes = [], []
        for name, look in self._looks(case):
            try:
                text = look()
            except (ValueError, OSError) as error:
                text = f"{error}" if str(error) else type(error).__name__
                if wrong := self._wrong(text, case):
                    outcomes.append(Outcome("message", f"{case}", f"{name}: {wrong}"))
                refused.append(name)
            except AssertionError as error:
                outcomes.append(Outcome("others affected", f"{case}", f"{name}: {error}"))
            except Exception as error:  # what is counted
                detail = f"{name}: {type(error).__name__}: {error}"
                outcomes.append(Outcome("foreign error", f"{case}", detail))
            else:
                if text:
                    refused.append(name)
                    if wrong := self._wrong(text, case):
                        outcomes.append(Outcome("message", f"{case}", f"{name}: {wrong}"))
        if not outcomes and "check" not in refused and self._must_be_noticed(case):
            return Outcome("unnoticed", str(case))
        return outcomes[0] if outcomes else Outcome("refused" if refused else "read", str(case))

    def _must_be_noticed(self, case: Case) -> bool:
        """Whether the file has a checksum; what the description itself holds may be valid."""
        path = Path(case.file)
        return path.suffix != ".json" and path.name not in ("status.json", "checkpoint.safetensors")

    def _wrong(self, text: str, case: Case) -> str:
        """Return what is wrong with a refusal: it names file and rule in one line."""
        named = Path(case.file).name in text or case.owner in text
        return "" if named and "\n" not in text.strip() else text

    def _looks(self, case: Case) -> Iterator[tuple[str, Callable[[], str]]]:
        yield "runs", lambda: self._command_runs(case)
        yield "check", lambda: self._command("check", str(self.home))
        yield "data sets", lambda: self._open_others(case)
        if not case.owner.startswith("fetches"):
            for name, data in (("mstar-features", "table"), ("mstar-2V", "blobs")):
                if self._concerns(case, name, data):
                    yield (
                        f"predict {name}",
                        lambda name=name, data=data: self._command("predict", name, data),
                    )
        for data in ("table", "blobs"):
            if data in self.names:
                yield f"coverage {data}", lambda data=data: self._coverage(data)
                yield f"pages {data}", lambda data=data: self._pages(data)
        yield "records", self._records

    def _concerns(self, case: Case, run: str, data: str) -> bool:
        there = run in self.runs
        return there and case.owner in (f"runs/{run}", data)

    def _command(self, *words: str) -> str:
        """Run a command; return what it refuses, empty if nothing."""
        out, errors = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
            try:
                code = galmass([*words])
            except SystemExit as error:  # of argparse
                code = error.code
        if code == 0:
            return ""
        lines = [*errors.getvalue().splitlines(), *out.getvalue().splitlines()]
        faults = [line for line in lines if line.startswith((str(self.home), "galmass: "))]
        return faults[0] if faults else "\n".join(lines)

    def _command_runs(self, case: Case) -> str:
        """List the runs: all others are there, and this one, or why not."""
        out, errors = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
            code = galmass(["runs", "--json"])
        assert code == 0, errors.getvalue()
        names = {row["run"] for row in json.loads(out.getvalue())["rows"]}
        others = {name for name in self.runs if f"runs/{name}" != case.owner}
        assert others <= names, f"{others - names} are gone"
        return errors.getvalue()

    def _open_others(self, case: Case) -> str:
        for name in self.names - {case.owner}:
            try:
                open_dataset(name)
            except ValueError as error:
                raise AssertionError(error) from error
        if case.owner in self.names:
            data = open_dataset(case.owner)
            if data.has_maps:
                list(data.read_maps([0, len(data) - 1]))
            _ = data.galaxies, data.missing_matter()
            return self._command("info", case.owner)
        return ""

    def _coverage(self, name: str) -> str:
        data = open_dataset(name)
        for run in list_runs():
            coverage_of_run(data, run)
        return ""

    def _pages(self, name: str) -> str:
        """Make what the pages show."""
        try:
            data = services.dataset(name)
        except KeyError as error:  # a sentence, see there
            return str(error.args[0])
        found, damaged = services.runs_and_damages()
        services.work()
        index = run_index.run_index(data)
        galaxy, los = data.galaxy_names[0], str(data.samples["los"].iloc[0])
        predictions_of(data, galaxy, los)
        for target in run_index.targets_of(data)[:2]:
            comparison.other_panels(data, target)
            comparison.answers(data, target, ["r+2V", "2V", comparison.BASELINE], "galaxy")
            for run in self._diagnosable(data):
                if target in set(index.predictions[run.name]["target"]):
                    diagnostics.called(run)
                    diagnostics.newer(data, run)
                    diagnostics.diagnose(data, run, target)
        for run in found:
            services.history(run)
        said = list(damaged)
        for run in explanations.networks(data)[:1]:
            if run.path.is_relative_to(self.home):
                explanations.model_of(run.path, run.inputs, run.record["ended"])
        for run in predicted_profiles.profile_runs(data):
            request = predicted_profiles.ProfileRequest(
                data=data, galaxy=galaxy, los=los, run=run.path, ended=run.record["ended"]
            )
            predicted_profiles.predict_profile(request)
        return said[0] if said else ""

    def _diagnosable(self, data: DataSet) -> list[Run]:
        """Return runs whose diagnoses are shown: two sets of maps of a network for every set."""
        seen = Counter()
        found = diagnostics.diagnosable(data)
        return [run for run in found if not seen.update([run.path]) and seen[run.path] <= _LISTED]

    def _records(self) -> str:
        """List transfers, curves and fetches, as the pages do."""
        list_transfers()
        for record in services.transfers():
            record.predictions()
            _ = record.config["train"]["name"], record.record["scores"]
        services.curve_runs()
        services.fetches()
        return ""


def forget() -> None:
    """Forget what pages remember of files."""
    pages = (comparison, diagnostics, explanations, predicted_profiles, learning_curves)
    for module in (services, run_index, *pages):
        for each in vars(module).values():
            if hasattr(each, "cache_clear") and each is not shipped_runs:
                each.cache_clear()
