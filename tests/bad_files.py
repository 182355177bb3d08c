"""Damage small galaxy files of every format in one place each, and judge what reading them gives.

A case is a number: it chooses format, place and damage. `judge` says what became of it.
"""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import test_sources_caesar as caesar
import test_sources_simspin as simspin
import test_sources_soap as soap
from cases import Outcome
from eagle_files import particles as eagle_particles
from eagle_files import write_file as write_eagle
from eagle_files import write_snapshot
from galaxy_files import stellar_hsml, tng_particles, write_cutout, write_directory

from galmass_core.datasets.measure import Excluded, Recipe, measure_galaxy
from galmass_core.galaxy import Galaxy, GalaxyFileError
from galmass_core.imaging.maps import MapConfig
from galmass_core.sources import GalaxyRef, find_galaxies, read_galaxy
from galmass_core.sources.group_catalogue import read_group_catalogue

RECIPE = Recipe(maps=MapConfig(), device="cpu", where=None, ids=None, packed=False, stars=None)
MEASURED = 0.1  # share of readable cases that are measured like those of a build
FAULTS = (
    "foreign error",
    "message",
    "impossible galaxy",
    "not measured",
    "hang",
    "memory",
    "crash",
)
_KNOWN = re.compile(  # a place in a file, or the rule for the whole of it or of the galaxy
    r"Header|PartType\d|Cosmology|Parameters|Group|Subhalo|galaxy_data|halo_data|Offsets|BoundSub|"
    r"simulation_attributes|InputHalos|SOAP|FileOffsets|NamedColumns|pos_x|halfmassrad|"
    r"primary_flag|grnr|\bid\b|\bsnap\b|JSON|chunk|HDF5|the file must|half-mass radius|"
    r"stellar mass|"
    r"the stars|CSV|centreofpotential|groupnumber|the subhalo|catalogue"
)


@dataclass(frozen=True)
class Good:
    """Whole files of one format.

    Attributes
    ----------
    name : str
    folder : Path
    source : str
        What is read, relative to the folder; empty: the folder.
    subhalo : str or None
        Of a directory.
    weight : float
        Share of the cases.
    """

    name: str
    folder: Path
    source: str
    subhalo: str | None
    weight: float


def write_good(folder: Path) -> list[Good]:
    """Write whole files of every format, a folder for each."""
    rng = np.random.default_rng(0)
    cutout = tng_particles()
    cutout["PartType4"]["StellarHsml"] = stellar_hsml(cutout)
    return [
        _good(folder, "cutout", lambda at: write_cutout(at, cutout), "cutout.hdf5", weight=6),
        _good(folder, "record", _write_recorded, "cutout.hdf5", weight=3),
        _good(folder, "tng", _write_tng, "sims/output", "1", weight=2),
        _good(folder, "camels", _write_camels, "", "0", weight=2),
        _good(folder, "eagle", lambda at: _write_eagle(at / "eagle.hdf5"), "eagle.hdf5", weight=4),
        _good(folder, "eagle snapshot", _write_eagle_snapshot, "sim", "1-3", weight=2),
        _good(
            folder,
            "magneticum",
            lambda at: simspin.write_magneticum(at / "galaxy.hdf5"),
            "galaxy.hdf5",
            weight=3,
        ),
        _good(
            folder,
            "swift",
            lambda at: _write_swift(at / "swift.hdf5", rng),
            "swift.hdf5",
            weight=5,
        ),
        _good(folder, "soap", lambda at: soap.write_colibre(at / "run"), "run", "40", weight=1.5),
        _good(folder, "caesar", lambda at: caesar.write_simba(at / "sim"), "sim", "0", weight=1.5),
    ]


def _good(
    folder: Path,
    name: str,
    write: Callable[[Path], object],
    source: str,
    subhalo: str | None = None,
    *,
    weight: float,
) -> Good:
    here = folder / name.replace(" ", "-")
    here.mkdir(parents=True)
    write(here)
    return Good(name, here, source, subhalo, weight)


def _write_recorded(folder: Path) -> None:
    record = {"id": 501761, "snap": 84, "pos_x": 1e4, "pos_y": 2e4, "pos_z": 3e4}
    record |= {"halfmassrad_stars": 1.5, "primary_flag": 1, "grnr": 7, "len_gas": 100}
    write_cutout(folder).with_suffix(".json").write_text(json.dumps(record))


def _galaxies() -> list[dict]:
    return [tng_particles(stars=120, gas=40, dark=60, seed=seed) for seed in (1, 2, 3)]


def _write_tng(folder: Path) -> None:
    write_directory(folder / "sims" / "output", _galaxies())


def _write_camels(folder: Path) -> None:
    write_directory(folder, _galaxies(), chunks=1, offsets=False)


def _write_eagle(path: Path) -> Path:
    return write_eagle(path, eagle_particles(3, 0, (10.0, 20.0, 30.0), (80, 90, 200, 1)))


def _write_eagle_snapshot(folder: Path) -> None:
    objects = [
        eagle_particles(1, number, (10.0, 20.0, 30.0), (30, 60, 100, 1), seed=number)
        for number in (0, 3)
    ]
    base = write_snapshot(folder / "sim", objects, chunks=2).parent
    names = ("GroupNumber", "SubGroupNumber", *(f"CentreOfPotential_{axis}" for axis in "xyz"))
    (base / "table.csv").write_text(",".join(names) + "\n1,3,14.7558,29.5116,44.2674\n")


def _write_swift(path: Path, rng: np.random.Generator) -> Path:
    """Write a galaxy as COLIBRE's extracts hold it; Mpc, comoving."""
    with h5py.File(path, "w") as file:
        soap.write_header(file, OutputType=np.bytes_("Extract"))
        for number, count in ((0, 60), (1, 60), (4, 200), (5, 1)):
            group, mass = f"PartType{number}", "DynamicalMasses" if number == 5 else "Masses"
            positions = rng.normal((5.0, 6.0, 7.0), 0.004, (count, 3))
            soap.put(file, f"{group}/Coordinates", positions, soap.MPC, 1.0)
            soap.put(file, f"{group}/Velocities", rng.normal(0, 50, (count, 3)), soap.KM)
            soap.put(file, f"{group}/{mass}", rng.uniform(1e-4, 2e-4, count), soap.MASS)
            soap.put(file, f"{group}/Potentials", -rng.uniform(1e4, 1e5, count), 1e10)
            if number in (0, 4):
                soap.put(file, f"{group}/MetalMassFractions", rng.uniform(0, 0.02, count))
        soap.put(file, "PartType0/Temperatures", rng.uniform(1e3, 1e6, 60))
        soap.put(file, "PartType0/StarFormationRates", rng.uniform(-1, 1, 60), 6e25)
        soap.put(file, "PartType0/SmoothingLengths", rng.uniform(1e-3, 2e-3, 60), soap.MPC, 1.0)
        soap.put(file, "PartType0/ElementMassFractions/Hydrogen", np.full(60, 0.7))
        soap.put(file, "PartType4/BirthScaleFactors", rng.uniform(0.1, 0.75, 200))
        soap.put(file, "PartType4/InitialMasses", np.full(200, 3e-4), soap.MASS)
    return path


# --- damage -------------------------------------------------------------------------------------

Damage = Callable[[h5py.File, str, np.random.Generator], None]


def _replace(file: h5py.File, name: str, values: object, **options: object) -> None:
    """Write another dataset in place of one, with its attributes."""
    kept = dict(file[name].attrs)
    del file[name]
    dataset = file.create_dataset(name, data=values, **options)
    for key, value in kept.items():
        dataset.attrs[key] = value


def _values(change: Callable[[np.ndarray, np.random.Generator], object]) -> Damage:
    def damage(file: h5py.File, name: str, rng: np.random.Generator) -> None:
        _replace(file, name, change(np.array(file[name][()]), rng))

    return damage


def _some(value: float) -> Callable[[np.ndarray, np.random.Generator], np.ndarray]:
    """Put a value into one of the numbers, or in all."""

    def change(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        values = values.astype(np.float64)
        if values.size and rng.random() < 0.6:
            values.flat[rng.integers(values.size)] = value
            return values
        return np.full_like(values, value)

    return change


def _times(factor: float) -> Callable[[np.ndarray, np.random.Generator], np.ndarray]:
    return lambda values, _: values.astype(np.float64) * factor


def _compound(values: np.ndarray, _: np.random.Generator) -> np.ndarray:
    return np.zeros(len(np.atleast_1d(values)), dtype=[("a", "f8"), ("b", "i4")])


def _texts(values: np.ndarray, rng: np.random.Generator) -> object:
    texts = [b"abc", b"1.5", b"", b"\xff\xfe"]
    fixed = np.array([texts[rng.integers(4)]] * max(len(np.atleast_1d(values)), 1))
    return fixed if rng.random() < 0.5 else ["text"] * len(fixed)


def _references(file: h5py.File, name: str, _: np.random.Generator) -> None:
    _replace(file, name, np.array([file.ref] * 3, dtype=h5py.ref_dtype))


def _enumeration(file: h5py.File, name: str, _: np.random.Generator) -> None:
    count = len(np.atleast_1d(file[name][()]))
    kind = h5py.enum_dtype({"A": 0, "B": 1}, basetype="i4")
    _replace(file, name, np.ones(count, "i4"), dtype=kind)


def _ragged(file: h5py.File, name: str, _: np.random.Generator) -> None:
    count = len(np.atleast_1d(file[name][()]))
    _replace(file, name, None, shape=(count,), dtype=h5py.vlen_dtype(np.float64))


def _enormous(file: h5py.File, name: str, rng: np.random.Generator) -> None:
    """State far more rows than are stored."""
    shape = file[name].shape
    rows = int(10 ** rng.uniform(8, 17))
    _replace(file, name, None, shape=(rows, *shape[1:]), dtype="f8", chunks=(64, *shape[1:]))


def _group_instead(file: h5py.File, name: str, _: np.random.Generator) -> None:
    del file[name]
    file.create_group(name)


def _dataset_instead(file: h5py.File, name: str, rng: np.random.Generator) -> None:
    del file[name]
    file[name] = [1.0, np.arange(4.0), "text", h5py.Empty("f8")][rng.integers(4)]


def _link_instead(file: h5py.File, name: str, rng: np.random.Generator) -> None:
    del file[name]
    links = [
        h5py.SoftLink("/nowhere"),
        h5py.SoftLink(f"/{name}"),
        h5py.SoftLink("/"),
        h5py.SoftLink(f"/{name.rpartition('/')[0]}"),
        h5py.ExternalLink("absent.hdf5", "/x"),
        h5py.ExternalLink("/etc/passwd", f"/{name}"),
        h5py.ExternalLink(Path(file.filename).name, f"/{name}"),
        h5py.ExternalLink("../../outside.hdf5", "/PartType4/Masses"),
    ]
    file[name] = links[rng.integers(len(links))]


def _virtual(file: h5py.File, name: str, _: np.random.Generator) -> None:
    shape = file[name].shape or (1,)
    layout = h5py.VirtualLayout(shape, "f8")
    layout[:] = h5py.VirtualSource("absent.hdf5", name, shape)
    kept = dict(file[name].attrs)
    del file[name]
    file.create_virtual_dataset(name, layout).attrs.update(kept)


def _missing(file: h5py.File, name: str, _: np.random.Generator) -> None:
    del file[name]


def _twin(file: h5py.File, name: str, rng: np.random.Generator) -> None:
    """Put another dataset of the same file in its place."""
    others: list[str] = []

    def visit(key: str, item: h5py.HLObject) -> None:
        if isinstance(item, h5py.Dataset):
            others.append(key)

    file.visititems(visit)
    _replace(file, name, file[others[rng.integers(len(others))]][()])


DATASETS: dict[str, Damage] = {
    "NaN": _values(_some(np.nan)),
    "infinity": _values(_some(np.inf)),
    "zero": _values(_some(0.0)),
    "minus one": _values(_some(-1.0)),
    "1e30": _values(_some(1e30)),
    "-1e30": _values(_some(-1e30)),
    "1e300": _values(_some(1e300)),
    "1e-300": _values(_some(1e-300)),
    "one": _values(_some(1.0)),
    "negative": _values(_times(-1.0)),
    "times 1e-300": _values(_times(1e-300)),
    "times 1e-12": _values(_times(1e-12)),
    "times 1e12": _values(_times(1e12)),
    "largest integers": _values(lambda v, _: np.full(v.shape, np.iinfo(np.int64).max)),
    "least integers": _values(lambda v, _: np.full(v.shape, np.iinfo(np.int64).min)),
    "unsigned": _values(lambda v, _: np.full(v.shape, np.iinfo(np.uint64).max, dtype="u8")),
    "whole": _values(lambda v, _: np.nan_to_num(v).astype("i4")),
    "logical": _values(lambda v, _: v.astype(bool)),
    "short floats": _values(lambda v, _: v.astype("f2")),
    "big-endian": _values(lambda v, _: v.astype(">f8")),
    "complex": _values(lambda v, _: v.astype(complex)),
    "no rows": _values(lambda v, _: np.empty((0, *v.shape[1:]))),
    "scalar": _values(lambda v, _: 1.0),
    "null": _values(lambda v, _: h5py.Empty("f8")),
    "one row": _values(lambda v, _: v[:1]),
    "a row less": _values(lambda v, _: v[:-1]),
    "a row more": _values(lambda v, _: np.concatenate([v, v[-1:]])),
    "flat": _values(lambda v, _: v.ravel()),
    "transposed": _values(lambda v, _: v.T),
    "column": _values(lambda v, _: v[:, None]),
    "wide": _values(lambda v, _: np.repeat(v[..., None], 4, axis=-1)),
    "shuffled": _values(lambda v, rng: rng.permutation(v)),
    "equal rows": _values(lambda v, _: np.repeat(v[:1], len(v), axis=0)),
    "compound": _values(_compound),
    "text": _values(_texts),
    "opaque": _values(lambda v, _: np.array([np.void(b"abc")] * 3)),
    "references": _references,
    "enumeration": _enumeration,
    "ragged": _ragged,
    "enormous": _enormous,
    "group": _group_instead,
    "link": _link_instead,
    "virtual": _virtual,
    "missing": _missing,
    "another": _twin,
}
GROUPS: dict[str, Damage] = {
    "missing": _missing,
    "dataset": _dataset_instead,
    "link": _link_instead,
    "empty": _group_instead,
}
ATTRIBUTES: dict[str, object] = {
    "text": "text",
    "number as text": "0.7",
    "bytes": np.bytes_(b"\xff\xfe"),
    "NaN": np.nan,
    "infinity": np.inf,
    "zero": 0.0,
    "minus one": -1.0,
    "one": 1.0,
    "1e300": 1e300,
    "1e-300": 1e-300,
    "1e12": 1e12,
    "1e-12": 1e-12,
    "1e30": 1e30,
    "largest integer": np.iinfo(np.int64).max,
    "largest unsigned": np.uint64(np.iinfo(np.uint64).max),
    "logical": np.bool_(True),
    "no values": np.empty(0),
    "null": h5py.Empty("f8"),
    "null text": h5py.Empty("S5"),
    "many": np.arange(20.0),
    "table": np.ones((3, 3)),
    "texts": np.array(["a", "b"], dtype=object),
    "complex": 1j,
    "compound": np.zeros(1, dtype=[("a", "f8")]),
    "opaque": np.void(b"abc"),
    "missing": None,
}
RECORDS = (
    None, "text", "", [], {}, [1], True, -1, 0, 0.5, 1e300, -1e300, 1e-300, float("nan"),
    float("inf"), 10**400, {"a": 1}, "501761.0", 501761.0, "nan", 99, 2.0**64,
)  # fmt: skip


def damage_hdf5(path: Path, rng: np.random.Generator) -> str:
    """Damage one dataset, group or attribute, or cut the file; return what was done."""
    if rng.random() < 0.05:
        return _damage_bytes(path, rng)
    with h5py.File(path, "r+") as file:
        datasets, groups, attributes = [], [], []

        def visit(name: str, item: h5py.HLObject) -> None:
            (datasets if isinstance(item, h5py.Dataset) else groups).append(name)
            attributes.extend((name, key) for key in item.attrs)

        file.visititems(visit)
        kind = rng.choice(["dataset", "attribute", "group"], p=[0.62, 0.3, 0.08])
        if kind == "attribute" and attributes:
            name, key = attributes[rng.integers(len(attributes))]
            done = list(ATTRIBUTES)[rng.integers(len(ATTRIBUTES))]
            del file[name].attrs[key]
            if done != "missing":
                file[name].attrs[key] = ATTRIBUTES[done]
            return f"attribute {name}.{key}: {done}"
        places, table = (groups, GROUPS) if kind == "group" else (datasets, DATASETS)
        name, done = places[rng.integers(len(places))], list(table)[rng.integers(len(table))]
        with np.errstate(all="ignore"):
            try:
                table[done](file, name, rng)
            except (ValueError, TypeError, IndexError, KeyError, RuntimeError):
                return "nothing"  # impossible for this place
        return f"{'group' if table is GROUPS else 'dataset'} {name}: {done}"


def _damage_bytes(path: Path, rng: np.random.Generator) -> str:
    content = path.read_bytes()
    choice = rng.integers(4)
    if choice == 0:
        path.write_bytes(b"")
    elif choice == 1:
        path.write_text("<html>503</html>")
    else:
        path.write_bytes(content[: rng.integers(len(content))])
    return ("emptied", "a web page", "cut", "cut")[choice]


def damage_text(path: Path, rng: np.random.Generator) -> str:
    """Damage a record in JSON, or a table in CSV."""
    content = path.read_text()
    if rng.random() < 0.2:
        cut = content[: rng.integers(len(content))]
        path.write_bytes([cut.encode(), b"\xff\xfe\x00", b"[" * 10**5][rng.integers(3)])
        return "cut or other bytes"
    if path.suffix == ".json":
        record = json.loads(content)
        key = list(record)[rng.integers(len(record))]
        value = RECORDS[rng.integers(len(RECORDS))]
        record[key] = value
        if rng.random() < 0.1:
            del record[key]
        path.write_text(json.dumps(record))
        return f"record {key}: {str(value)[:20]}"
    words = re.split(r"([,\n])", content)
    place = int(rng.integers(len(words)))
    words[place] = str(RECORDS[rng.integers(len(RECORDS))])[:30]
    path.write_text("".join(words))
    return f"table, word {place}: {words[place]}"


# --- judgement ----------------------------------------------------------------------------------


def make_case(goods: list[Good], case: int, seed: int, folder: Path) -> tuple[Good, Path, str]:
    """Copy whole files and damage them in one place."""
    rng = np.random.default_rng((seed, case))
    weights = np.array([good.weight for good in goods])
    good = goods[rng.choice(len(goods), p=weights / weights.sum())]
    at = folder / f"case-{case}"
    shutil.copytree(good.folder, at)
    files = sorted(path for path in at.rglob("*") if path.is_file())
    path = files[rng.integers(len(files))]
    done = damage_hdf5(path, rng) if path.suffix == ".hdf5" else damage_text(path, rng)
    return good, at, f"{good.name}, {path.name}: {done}"


def judge(good: Good, at: Path, what: str, *, measured: bool) -> Outcome:
    """Read a damaged galaxy as `read_galaxy` and `find_galaxies` do; return what became of it."""
    source = at / good.source
    galaxy = None
    calls: list[Callable[[], object]] = [lambda: read_galaxy(source, good.subhalo)]
    if good.subhalo is not None:
        calls.append(lambda: find_galaxies([source]))
    if good.name in ("tng", "camels"):
        calls.append(lambda: read_group_catalogue(source))
    refused = 0
    for call in calls:
        try:
            found = call()
        except (GalaxyFileError, FileNotFoundError) as error:
            refused += 1
            text = str(error)
            if str(at) not in text or "must" not in text or not _KNOWN.search(text):
                return Outcome("message", what, f"{type(error).__name__}: {text}")
            continue
        except Exception as error:  # what is counted
            return Outcome("foreign error", what, f"{type(error).__name__}: {error}")
        galaxy = found if isinstance(found, Galaxy) else galaxy
    if galaxy is None:
        return Outcome("refused", what)
    if problem := _impossible(galaxy):
        return Outcome("impossible galaxy", what, problem)
    if measured:
        result = measure_galaxy(GalaxyRef(source, good.subhalo), RECIPE)
        if isinstance(result, Excluded) and re.match(r"[A-Z]\w+: ", result.reason):
            return Outcome("not measured", what, result.reason)
    return Outcome("refused" if refused else "read", what)


def _impossible(galaxy: Galaxy) -> str:
    """Return what no galaxy has; empty if it may be one."""
    for name, particles in galaxy.components.items():
        for field, values in vars(particles).items():
            if values is None or not isinstance(values, np.ndarray) or not values.size:
                continue
            least, most = np.min(values), np.max(values)
            if not np.isfinite(least) or not np.isfinite(most):
                return f"{name}.{field} is not finite"
            signed = field in ("positions", "velocities", "potentials", "magnitudes")
            if not signed and least < -1e-3:
                return f"{name}.{field} is {least:.3g}"
            if "metallicities" in field and most > 1.01:
                return f"{name}.{field} is {most:.3g}"
            if max(abs(least), abs(most)) > 1e13 and field != "potentials":
                return f"{name}.{field} is {most:.3g}"
    return ""
