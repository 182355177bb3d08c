"""Read cutouts from the TNG web API (TNG and Illustris), with the subhalo record if present.

The record is the web API's subhalo JSON, saved under the cutout's name: ``cutout_501761.json``.
"""

import json
from pathlib import Path

import h5py
import numpy as np

from galmass_core.galaxy import Galaxy, GalaxyFileError, GalaxyName
from galmass_core.sources import arepo, hdf5, naming
from galmass_core.sources.assembly import CatalogueEntry, assemble_galaxy
from galmass_core.sources.particle_file import Header, whole_file


def matches(file: h5py.File) -> bool:
    """Return whether the header is Arepo's, without unit attributes of EAGLE or SWIFT."""
    foreign = {"aexp-scale-exponent", "a-scale exponent"} & set(hdf5.coordinate_attributes(file))
    return hdf5.attribute(file, "HubbleParam") is not None and not foreign


def read(path: Path) -> Galaxy:
    """Read a cutout.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    GalaxyFileError
        If the file is damaged or lacks what every galaxy needs.
    """
    with hdf5.open_file(path) as file:
        units = arepo.read_units(file)
        entry = _read_record(path.with_suffix(".json"), units)
        particles = whole_file(
            file,
            _read_header(file, path, units),
            datasets=arepo.DATASETS,
            scale=units.factor,
            centre=None if entry is None else entry.centre,
        )
        return assemble_galaxy(particles, entry)


def _read_header(file: h5py.File, path: Path, units: arepo.Units) -> Header:
    dm_mass = arepo.read_dark_matter_mass(file)
    suite, simulation = arepo.read_simulation(file, path.parent, dm_mass)
    snapshot = hdf5.text(file, "SnapshotNumber") or "unknown"
    subhalo = hdf5.text(file, "CutoutID") or naming.subhalo_from_path(path)
    return Header(
        name=GalaxyName(suite, simulation, naming.url_safe(snapshot), naming.url_safe(subhalo)),
        box_size=hdf5.number(file, "BoxSize"),
        scale_factor=hdf5.number(file, "Time"),
        cosmology=arepo.read_cosmology(file),
        dark_matter_mass=dm_mass * units.mass,
    )


def _read_record(path: Path, units: arepo.Units) -> CatalogueEntry | None:
    """Read the subhalo record next to the cutout, if there is one."""
    if not path.is_file():
        return None
    try:
        record = json.loads(path.read_text())
        centre = np.array([float(record[f"pos_{axis}"]) for axis in "xyz"])
        half_mass_radius = float(record["halfmassrad_stars"]) * units.length
    except (KeyError, TypeError, ValueError) as error:
        msg = f"{path}: must be a record with pos_x, pos_y, pos_z, halfmassrad_stars, got {error!r}"
        raise GalaxyFileError(msg) from error
    return CatalogueEntry(
        centre=centre,
        half_mass_radius=half_mass_radius,
        is_central=None if "primary_flag" not in record else bool(record["primary_flag"]),
        host_group=record.get("grnr"),
    )
