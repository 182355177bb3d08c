"""Files in the layout of EAGLE's particle data, for the tests of its readers."""

import h5py
import numpy as np

A, H, BOX, DM_MASS = 0.8, 0.6777, 67.77, 6.5703e-4  # Mpc/h, 1e10 Msun/h
NONE = 2**30
UNITS = {  # cgs, powers of a and h
    "Coordinates": (3.085678e24, 1.0, -1.0),
    "Velocity": (1e5, 0.5, 0.0),
    "Mass": (1.989e43, 0.0, -1.0),
    "InitialMass": (1.989e43, 0.0, -1.0),
    "ParticleBindingEnergy": (1e10, 0.0, 0.0),
    "StarFormationRate": (1.989e33 / 3.155e7, 0.0, 0.0),
    "SmoothingLength": (3.085678e24, 1.0, -1.0),
    "Density": (6.769911e-31, -3.0, 2.0),
}
NUMBERS = (0, 1, 4, 5)


def header(**changes) -> dict:
    values = {
        "BoxSize": BOX,
        "ExpansionFactor": A,
        "HubbleParam": H,
        "MassTable": [0.0, DM_MASS, 0.0, 0.0, 0.0, 0.0],
        "Omega0": 0.307,
        "OmegaLambda": 0.693,
        "Redshift": 1 / A - 1,
        "RunLabel": np.bytes_(b'"Eagle'),
    }
    return values | changes


def particles(group, subgroup, centre, counts, *, seed=1) -> dict:
    """A blob of each species with the numbers of a subhalo; Mpc/h, 1e10 Msun/h."""
    rng = np.random.default_rng(seed)
    types = {}
    for number, count in zip(NUMBERS, counts, strict=True):
        offsets = rng.normal(scale=4e-3, size=(count, 3))
        columns = {
            "Coordinates": (offsets + centre) % BOX,
            "Velocity": rng.normal(100.0, 50.0, (count, 3)).astype("f4"),
            "ParticleBindingEnergy": (np.linalg.norm(offsets, axis=1) * 1e6 - 1e5).astype("f4"),
            "GroupNumber": np.full(count, group, dtype="i4"),
            "SubGroupNumber": np.full(count, subgroup, dtype="i4"),
        }
        if number != 1:
            columns["Mass"] = rng.uniform(1e-3, 4e-3, count).astype("f4")
        if number in (0, 4):
            columns["Metallicity"] = rng.uniform(0.0, 0.03, count).astype("f4")
        if number == 0:
            columns["StarFormationRate"] = rng.uniform(0.0, 0.1, count).astype("f4")
            columns["Temperature"] = rng.uniform(1e3, 1e6, count).astype("f4")
            columns["SmoothingLength"] = np.full(count, 3e-3, dtype="f4")
        if number == 4:
            columns["InitialMass"] = 2 * columns["Mass"]
            columns["StellarFormationTime"] = rng.uniform(0.1, 0.7, count).astype("f4")
        types[f"PartType{number}"] = columns
    return types


def write_file(path, content, **attributes):
    with h5py.File(path, "w") as file:
        file.create_group("Header").attrs.update(header(**attributes))
        for group, columns in content.items():
            for name, values in columns.items():
                dataset = file.create_dataset(f"{group}/{name}", data=values)
                unit = UNITS.get(name, (1.0, 0.0, 0.0))
                names = ("CGSConversionFactor", "aexp-scale-exponent", "h-scale-exponent")
                dataset.attrs.update(dict(zip(names, unit, strict=True)))
    return path


def write_snapshot(folder, objects, *, chunks=3, names=("snapshot", "snap"), without=()):
    """Write the particles of all objects in random order; return the folder of the chunks."""
    rng = np.random.default_rng(0)
    folder = folder / f"{names[0]}_025_z000p250"
    folder.mkdir(parents=True)
    whole = {}
    for group in (f"PartType{number}" for number in NUMBERS):
        columns = {
            name: np.concatenate([one[group][name] for one in objects])
            for name in objects[0][group]
            if name not in without
        }
        order = rng.permutation(len(columns["Coordinates"]))
        whole[group] = {name: values[order] for name, values in columns.items()}
    for chunk in range(chunks):
        content = {}
        for group, columns in whole.items():
            count = len(columns["Coordinates"])
            rows = slice(count * chunk // chunks, count * (chunk + 1) // chunks)
            if rows.stop > rows.start:
                content[group] = {name: values[rows] for name, values in columns.items()}
        ending = "" if chunks == 1 else f".{chunk}"
        path = folder / f"{names[1]}_025_z000p250{ending}.hdf5"
        write_file(path, content, NumFilesPerSnapshot=chunks)
    return folder


def masses_inside(radii, masses):
    """Return R_hsm and logarithms of masses from radii [kpc] and masses [Msun] by PartType."""
    order = np.argsort(radii["PartType4"])
    enclosed = np.cumsum(masses["PartType4"][order])
    radius = np.interp(enclosed[-1] / 2, enclosed, radii["PartType4"][order])
    weighed = {"half_mass_radius": radius, "log_mdm": np.log10(masses["PartType1"].sum())}
    for name, part_type in (("mstar", "PartType4"), ("mdm", "PartType1")):
        for multiple in (1, 2):
            inside = radii[part_type] <= multiple * radius
            weighed[f"log_{name}_{multiple}rhsm"] = np.log10(masses[part_type][inside].sum())
    return weighed
