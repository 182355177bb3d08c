"""Read cutouts from the TNG web API (TNG and Illustris), with the subhalo record if present.

The record is the web API's subhalo JSON, saved under the cutout's name: ``cutout_501761.json``. A
species that it counts zero of is none; without a record the file decides (`coverage`).
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from galmass_core.galaxy import Galaxy, GalaxyFileError, GalaxyName
from galmass_core.sources import arepo, attributes, hdf5, naming
from galmass_core.sources.assembly import CatalogueEntry, assemble_galaxy
from galmass_core.sources.particle_file import Header, whole_file
from galmass_core.sources.ranges import GALAXIES, check_range

Record = dict[str, Any]
_DIGITS = 19  # of a number that 64 bits hold
_RECORDED_COUNTS = {"gas": "len_gas", "dark_matter": "len_dm", "black_holes": "len_bhs"}


def matches(file: hdf5.File) -> bool:
    """Return whether the header is Arepo's, without unit attributes of EAGLE or SWIFT."""
    foreign = {"aexp-scale-exponent", "a-scale exponent"} & set(hdf5.coordinate_attributes(file))
    return file.attribute("Header", "HubbleParam") is not None and not foreign


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
        record = _read_record(path.with_suffix(".json"))
        header = _read_header(file, path, units, record)
        entry = None if record is None else _read_entry(path.with_suffix(".json"), record, units)
        particles = whole_file(
            file,
            header,
            datasets=arepo.DATASETS,
            scale=units.factor,
            centre=None if entry is None else entry.centre,
            has_wind=arepo.read_code(file) == "TNG",
        )
        known = {name for name, key in _RECORDED_COUNTS.items() if (record or {}).get(key) == 0}
        return assemble_galaxy(replace(particles, unknown=particles.unknown - known), entry)


def _read_header(file: hdf5.File, path: Path, units: arepo.Units, record: Record | None) -> Header:
    """Read the header; subhalo and snapshot may be given by the record alone.

    Raises
    ------
    GalaxyFileError
        If the record is that of another subhalo or snapshot.
    """
    dm_mass = arepo.read_dark_matter_mass(file)
    suite, simulation = arepo.read_simulation(file, path.parent, dm_mass)
    snapshot, subhalo = (
        attributes.text(file, "SnapshotNumber", "SnapNum"),
        attributes.text(file, "CutoutID"),
    )
    if record is not None:
        record_path = path.with_suffix(".json")
        snapshot = _same(record_path, "snap", snapshot, record)
        subhalo = _same(record_path, "id", subhalo, record)
    subhalo = subhalo or naming.subhalo_from_path(path)
    place = suite, simulation, naming.url_safe(snapshot or "unknown")
    return Header(
        name=GalaxyName(*place, naming.url_safe(subhalo)),
        box_size=attributes.number(file, "BoxSize"),
        scale_factor=attributes.scale_factor(file, "Time"),
        cosmology=arepo.read_cosmology(file),
        dark_matter_mass=dm_mass * units.mass,
    )


def _read_record(path: Path) -> Record | None:
    """Read the subhalo record next to the cutout, if there is one."""
    if not path.is_file():
        return None
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        msg = f"{path}: must be a subhalo record in JSON, got {error}"
        raise GalaxyFileError(msg) from error
    if not isinstance(record, dict):
        msg = f"{path}: must be a subhalo record in JSON, got a {type(record).__name__}"
        raise GalaxyFileError(msg)
    return record


def _same(path: Path, key: str, stated: str, record: Record) -> str:
    """Return a number of the cutout's header, or else of its record; both must be the same."""
    recorded = _whole(path, key, record.get(key))
    if stated and recorded and stated != recorded:
        msg = f"{path}: {key} must be {stated}, as in the cutout's header, got {recorded}"
        raise GalaxyFileError(msg)
    return stated or recorded


def _whole(path: Path, key: str, value: Any) -> str:  # noqa: ANN401
    """Return a number of a record as text; empty if there is none."""
    text = naming.whole_number(str(value))
    if value is None or value == "":
        return ""
    if isinstance(value, bool) or not (text.isdecimal() and len(text) < _DIGITS):
        msg = f"{path}: {key} must be a whole number from 0 on, got {str(value)[:40]!r}"
        raise GalaxyFileError(msg)
    return text


def _read_entry(path: Path, record: Record, units: arepo.Units) -> CatalogueEntry:
    """Read centre, R_hsm and host of a record."""
    try:
        centre = np.array([float(record[f"pos_{axis}"]) for axis in "xyz"])
        half_mass_radius = float(record["halfmassrad_stars"]) * units.length
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        msg = f"{path}: must be a record with pos_x, pos_y, pos_z, halfmassrad_stars, got {error!r}"
        raise GalaxyFileError(msg) from error
    check_range(path, "pos_x, pos_y, pos_z", centre * units.length, GALAXIES["centre"])
    check_range(path, "halfmassrad_stars", half_mass_radius, GALAXIES["half_mass_radius"])
    group = _whole(path, "grnr", record.get("grnr"))
    flag = record.get("subhaloflag", record.get("SubhaloFlag"))
    return CatalogueEntry(
        centre=centre,
        half_mass_radius=half_mass_radius,
        is_central=None if "primary_flag" not in record else bool(record["primary_flag"]),
        host_group=int(group) if group else None,
        is_cosmological=None if flag is None else bool(flag),
    )
