"""Small galaxy files in the layouts of the simulations, for the tests of the readers."""

import gzip
from pathlib import Path

import h5py
import numpy as np

H, A, BOX = 0.6774, 0.8, 75000.0
DM_MASS = 5.05574296436975e-04  # 1e10 Msun/h, Header/MassTable[1] of TNG100-1


def tng_header(**changes) -> dict:
    header = {
        "BoxSize": BOX,
        "HubbleParam": H,
        "MassTable": [0.0, DM_MASS, 0.0, 0.0, 0.0, 0.0],
        "Omega0": 0.3089,
        "OmegaLambda": 0.6911,
        "Redshift": 1 / A - 1,
        "Time": A,
        "SimulationName": "L75n1820TNG",
        "SnapshotNumber": 84,
        "CutoutID": 501761,
    }
    return {name: value for name, value in (header | changes).items() if value is not None}


def tng_particles(*, stars=200, gas=100, dark=150, wind=3, centre=(1e4, 2e4, 3e4), seed=1) -> dict:
    """Random blobs about a centre in ckpc/h; the last stars are wind."""
    rng = np.random.default_rng(seed)

    def blob(count):
        return {
            "Coordinates": (rng.normal(size=(count, 3)) + centre) % BOX,
            "Velocities": rng.normal(100.0, 50.0, size=(count, 3)).astype("f4"),
            "Potential": (-rng.uniform(1e4, 1e5, count)).astype("f4"),
        }

    def matter(count):
        return {
            "Masses": rng.uniform(5e-5, 1e-4, count).astype("f4"),
            "GFM_Metallicity": rng.uniform(0.0, 0.03, count).astype("f4"),
        }

    formation = rng.uniform(0.1, 0.75, stars)
    formation[stars - wind :] = -0.5
    return {
        "PartType0": blob(gas)
        | matter(gas)
        | {
            "Density": rng.uniform(1e-6, 1e-4, gas).astype("f4"),
            "StarFormationRate": rng.uniform(0.0, 1.0, gas).astype("f4"),
            "GFM_Metals": np.full((gas, 10), 0.7, dtype="f4"),
            "NeutralHydrogenAbundance": rng.uniform(0.0, 1.0, gas).astype("f4"),
            "SubfindHsml": rng.uniform(0.5, 2.0, gas).astype("f4"),
        },
        "PartType1": blob(dark),
        "PartType4": blob(stars)
        | matter(stars)
        | {
            "GFM_InitialMass": rng.uniform(1e-4, 2e-4, stars).astype("f4"),
            "GFM_StellarFormationTime": formation.astype("f4"),
            "GFM_StellarPhotometrics": rng.normal(-5.0, 1.0, (stars, 8)).astype("f4"),
        },
        "PartType5": {
            "Coordinates": np.array([centre]),
            "Masses": np.array([1e-3]),
            "Potential": np.array([-1e6]),
        },
    }


def stellar_hsml(particles: dict) -> np.ndarray:
    """Distance of every star to its 32nd other star in ckpc/h, as SUBFIND writes it."""
    offsets = particles["PartType4"]["Coordinates"][:, None] - particles["PartType4"]["Coordinates"]
    squares = np.square((offsets + BOX / 2) % BOX - BOX / 2).sum(axis=2)
    return np.sqrt(np.sort(squares, axis=1)[:, 32]).astype("f4")


def write_file(path: Path, header: dict, particles: dict) -> Path:
    with h5py.File(path, "w") as file:
        file.create_group("Header").attrs.update(header)
        for group, datasets in particles.items():
            for name, values in datasets.items():
                file[f"{group}/{name}"] = values
    return path


def write_cutout(folder: Path, particles: dict | None = None, *, name="cutout.hdf5", **header):
    particles = tng_particles() if particles is None else particles
    return write_file(folder / name, tng_header(**header), particles)


def write_directory(
    base: Path,
    galaxies: list[dict],
    *,
    snapshot=99,
    names=("snap", "fof_subhalo_tab"),
    offsets=True,
    zipped=False,
    chunks=2,
    **header,
):
    """Write galaxies in TNG's layout: the last is alone in its group, the others share group 0.

    Group 1 has no subhalo. Each group ends with unbound particles. Return the records of the
    galaxies as the web API would give them.
    """
    last = len(galaxies) - 1
    groups = [galaxies[:last], [], galaxies[last:]]
    particles, group_lengths = {}, np.zeros((3, 6), dtype=np.int32)
    for number, members in enumerate(groups):
        for galaxy in (*members, _unbound(galaxies[0], seed=100 + number)):
            for part_type, datasets in galaxy.items():
                group_lengths[number, int(part_type[-1])] += len(datasets["Coordinates"])
                for name, values in datasets.items():
                    particles.setdefault(part_type, {}).setdefault(name, []).append(values)
    particles = {
        part_type: {name: np.concatenate(parts) for name, parts in datasets.items()}
        for part_type, datasets in particles.items()
    }
    subhaloes = _subhalo_fields(galaxies)
    header = tng_header(**header)
    _write_snapshot(base, particles, header, f"{names[0]}_{snapshot:03d}", chunks)
    _write_groups(base, subhaloes, group_lengths, header, f"{names[1]}_{snapshot:03d}", chunks)
    if zipped:
        for path in base.rglob(f"{names[1]}_*.hdf5"):
            path.with_suffix(".hdf5.gz").write_bytes(gzip.compress(path.read_bytes()))
            path.unlink()
    if offsets:
        _write_offsets(base, subhaloes, group_lengths, particles, snapshot, chunks)
    return _records(subhaloes)


def _unbound(like, seed):
    """Particles bound to no subhalo, with the fields of a galaxy."""
    counts = {"PartType0": 11, "PartType1": 13, "PartType4": 7}
    rows = np.random.default_rng(seed).integers(0, 2, 20)
    return {
        part_type: {name: values[rows[:count]] for name, values in like[part_type].items()}
        for part_type, count in counts.items()
    }


def _subhalo_fields(galaxies):
    lengths = np.zeros((len(galaxies), 6), dtype=np.int32)
    for row, galaxy in enumerate(galaxies):
        for part_type, datasets in galaxy.items():
            lengths[row, int(part_type[-1])] = len(datasets["Coordinates"])
    masses = np.outer(np.linspace(1.0, 2.0, len(galaxies)), [1.0, 10.0, 0, 0, 1.0, 0.01])
    masses[:, 1] = lengths[:, 1] * DM_MASS
    centres = [galaxy["PartType5"]["Coordinates"][0] for galaxy in galaxies]
    return {
        "SubhaloPos": np.array(centres, dtype="f4"),
        "SubhaloLenType": lengths,
        "SubhaloMassType": masses.astype("f4"),
        "SubhaloMass": masses.sum(axis=1).astype("f4"),
        "SubhaloHalfmassRadType": np.full((len(galaxies), 6), 1.5, dtype="f4"),
        "SubhaloGrNr": np.array([0] * (len(galaxies) - 1) + [2], dtype=np.int32),
    }


def _records(subhaloes):
    records = []
    for position, host in zip(subhaloes["SubhaloPos"], subhaloes["SubhaloGrNr"], strict=True):
        is_central = all(record["grnr"] != host for record in records)
        record = dict(zip(("pos_x", "pos_y", "pos_z"), position.tolist(), strict=True))
        record |= {"halfmassrad_stars": 1.5, "primary_flag": int(is_central), "grnr": int(host)}
        records.append(record)
    return records


def _chunk_paths(base, folder, name, chunks):
    """In a folder of their own, numbered, or one file in the open."""
    if chunks == 1:
        base.mkdir(parents=True, exist_ok=True)
        return [base / f"{name}.hdf5"]
    folder = base / f"{folder}_{name[-3:]}"
    folder.mkdir(parents=True, exist_ok=True)
    return [folder / f"{name}.{chunk}.hdf5" for chunk in range(chunks)]


def _rows_of_chunk(part_type, count, chunk, chunks):
    """Cut each type at a place of its own; black holes are all in the last chunk."""
    if part_type == "PartType5":
        return slice(0, count if chunk == chunks - 1 else 0)
    return slice(count * chunk // chunks, count * (chunk + 1) // chunks)


def _write_snapshot(base, particles, header, name, chunks):
    for chunk, path in enumerate(_chunk_paths(base, "snapdir", name, chunks)):
        counts, content = np.zeros(6, dtype=np.int32), {}
        for part_type, datasets in particles.items():
            rows = _rows_of_chunk(part_type, len(datasets["Coordinates"]), chunk, chunks)
            counts[int(part_type[-1])] = rows.stop - rows.start
            if rows.stop > rows.start:
                content[part_type] = {key: values[rows] for key, values in datasets.items()}
        write_file(path, header | {"NumPart_ThisFile": counts}, content)


def _write_groups(base, subhaloes, group_lengths, header, name, chunks):
    """Put group 0 into the first chunk and the others into the last."""
    count = len(subhaloes["SubhaloMass"])
    numbers, firsts = np.array([count - 1, 0, 1]), np.array([0, -1, count - 1])
    parts = [(slice(0, 1), slice(0, count - 1)), (slice(1, 3), slice(count - 1, count))]
    if chunks == 1:
        parts = [(slice(0, 3), slice(0, count))]
    paths = _chunk_paths(base, "groups", name, chunks)
    for path, (groups, rows) in zip(paths, parts, strict=True):
        content = {
            "Group": {
                "GroupNsubs": numbers[groups].astype(np.int32),
                "GroupFirstSub": firsts[groups].astype(np.int32),
                "GroupLenType": group_lengths[groups],
            },
            "Subhalo": {key: values[rows] for key, values in subhaloes.items()},
        }
        write_file(path, header | {"NumFiles": chunks}, content)


def _write_offsets(base, subhaloes, group_lengths, particles, snapshot, chunks):
    lengths = subhaloes["SubhaloLenType"].astype(np.int64)
    starts = np.cumsum(lengths, axis=0) - lengths
    starts[-1] = group_lengths[:2].sum(axis=0)
    chunk_starts = np.zeros((chunks, 6), dtype=np.int64)
    for part_type, datasets in particles.items():
        for chunk in range(chunks):
            rows = _rows_of_chunk(part_type, len(datasets["Coordinates"]), chunk, chunks)
            chunk_starts[chunk, int(part_type[-1])] = rows.start
    path = base.parent / "postprocessing" / "offsets" / f"offsets_{snapshot:03d}.hdf5"
    path.parent.mkdir(parents=True)
    content = {"FileOffsets": {"SnapByType": chunk_starts}, "Subhalo": {"SnapByType": starts}}
    write_file(path, {}, content)
