"""Read galaxies of a snapshot of SWIFT (COLIBRE, FLAMINGO) with a catalogue of SOAP.

Files are found by their usual names: ``halo_properties_0127.hdf5`` in ``SOAP-HBT`` or ``SOAP``,
``snapshots/colibre_0127/colibre_0127.N.hdf5`` with ``membership_0127/membership_0127.N.hdf5``, or
the virtual file ``colibre_with_SOAP_membership_0127.hdf5``.
"""

import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from galmass_core.galaxy import Galaxy, GalaxyFileError, GalaxyName
from galmass_core.sample import split_by_cuts
from galmass_core.sources import attributes, hdf5, naming, soap_catalogue, swift
from galmass_core.sources.assembly import CatalogueEntry, assemble_galaxy
from galmass_core.sources.coverage import PART_TYPES
from galmass_core.sources.members import Members
from galmass_core.sources.particle_file import Header, ParticleFile, Rows, unit_factor
from galmass_core.sources.place import Place
from galmass_core.sources.snapshot import check_same
from galmass_core.sources.soap_catalogue import SoapCatalogue

_NAME = re.compile(r"(?P<run>.+?)(?:_with_SOAP_membership)?_(?P<number>\d{4})(?:\.(?P<chunk>\d+))?")
_CATALOGUE = re.compile(r"halo_properties_(\d{4})")
_NO_SNAPSHOTS = ("halo_properties", "membership")
_CATALOGUE_FOLDERS = (".", "SOAP-HBT", "SOAP")
_LABELS = "GroupNr_bound"
_UNNAMED = "Untitled SWIFT simulation"


class _Files(NamedTuple):
    """Files of one snapshot."""

    run: str  # such as colibre
    snapshot: int
    chunks: dict[int, Path]
    catalogue: Path
    memberships: dict[int, Path]  # empty if the snapshot has the labels


def matches(place: Place) -> bool:
    """Return whether there are a snapshot, its catalogue and the membership of particles."""
    return _find_files(place) is not None


def find_subhaloes(place: Place) -> tuple[list[int], Counter[str]]:
    """List the subhaloes that pass the catalogue cuts of the paper's sample.

    Returns
    -------
    subhaloes : list of int
        ``HaloCatalogueIndex``.
    left_out : Counter
        Number of excluded subhaloes by reason of `sample.catalogue_cuts`.

    Raises
    ------
    GalaxyFileError
        If the catalogue is damaged.
    """
    table = SoapCatalogue(_files(place).catalogue).subhaloes
    return split_by_cuts(table.assign(flag=True, mdm_1rhsm=np.nan))


def read(place: Place, subhalo: str) -> Galaxy:
    """Read one galaxy by its ``HaloCatalogueIndex``.

    Raises
    ------
    GalaxyFileError
        If a file is damaged, or the subhalo is unknown or lacks what every galaxy needs.
    """
    if not subhalo.isdecimal():
        msg = f"{place.directory}: must be read with a HaloCatalogueIndex, got {subhalo!r}"
        raise GalaxyFileError(msg)
    written = _files(place).catalogue.stat().st_mtime_ns
    try:
        return _open(place, written, os.getpid()).read(int(subhalo))
    except GalaxyFileError as error:
        msg = f"subhalo {subhalo} of {error}"
        raise GalaxyFileError(msg) from error


class _SoapDirectory:
    """A snapshot with its catalogue."""

    def __init__(self, place: Place) -> None:
        files = _files(place)
        self._path = place.directory
        self._catalogue = SoapCatalogue(files.catalogue)
        first = next(iter(files.chunks.values()))
        with hdf5.open_file(first) as file:
            self._header = _read_header(file, files)
            self._scale = swift.unit_scale(self._header.scale_factor, self._header.cosmology.hubble)
            self._datasets = swift.named_datasets(file)
            name = hdf5.coordinates(file)
            self._unit = unit_factor(first, name, self._scale, "positions", file.attributes(name))
        catalogue, redshift = self._catalogue, 1 / self._header.scale_factor - 1
        check_same(catalogue.path, "Header/Redshift", catalogue.redshift, first, redshift)
        box_size = self._header.box_size
        check_same(catalogue.path, "Header/BoxSize", catalogue.box_size, first, box_size)
        self._members = Members(files.chunks, _Labels(files))

    def read(self, number: int) -> Galaxy:
        """Read one galaxy."""
        if number not in self._catalogue.subhaloes.index:
            path = self._catalogue.path
            msg = f"{path}: {soap_catalogue.NUMBER} must have {number}, found no such subhalo"
            raise GalaxyFileError(msg)
        row: dict[str, Any] = dict(self._catalogue.subhaloes.loc[number])
        centre = np.array([row[axis] for axis in "xyz"]) / self._unit

        def rows(species: str, dataset: str) -> Rows | None:
            return self._members.read(species, number, dataset)

        particles = ParticleFile(
            path=self._path,
            header=replace(self._header, name=self._header.name._replace(subhalo=str(number))),
            datasets=self._datasets,
            scale=self._scale,
            rows=rows,
            species=self._members.species(number),
            origin=centre,
            unknown=frozenset(PART_TYPES) - self._members.present,
        )
        radius = row["half_mass_radius"]
        entry = CatalogueEntry(
            centre=centre,
            half_mass_radius=None if np.isnan(radius) else radius,
            is_central=bool(row["is_central"]),
            host_group=None if row["host"] < 0 else int(row["host"]),
        )
        return assemble_galaxy(particles, entry)


class _Labels:
    """Number of the subhalo to which each particle of an open chunk is bound."""

    def __init__(self, files: _Files) -> None:
        self._memberships = files.memberships
        self._numbers = {path: number for number, path in files.chunks.items()}

    def __call__(self, file: hdf5.File, group: str) -> NDArray | None:
        """Return the (N,) labels, -1 for unbound particles; None if the chunk has no such type."""
        positions = file.find(f"{group}/Coordinates")
        if positions is None:
            return None
        if not self._memberships:
            labels, path = _read_labels(file, group), file.filename
        else:
            path = str(self._memberships[self._numbers[Path(file.filename)]])
            with hdf5.open_file(Path(path)) as membership:
                labels = _read_labels(membership, group)
        count = len(positions)
        if labels is not None and len(labels) != count:
            rule = f"must have a row for each of {count} particles in {file.filename}"
            msg = f"{path}: {group}/{_LABELS} {rule}, got {len(labels)}"
            raise GalaxyFileError(msg)
        return labels


def _read_labels(file: hdf5.File, group: str) -> NDArray | None:
    labels = file.find(f"{group}/{_LABELS}")
    return None if labels is None else labels.with_width().whole()


def _read_header(file: hdf5.File, files: _Files) -> Header:
    """Read the header; galaxies are named by files, run, and box side in Mpc."""
    cosmology, notes = swift.read_cosmology(file)
    box_size = attributes.number(file, "BoxSize")
    run = attributes.text(file, "RunName")
    suites = [naming.suite_from_label(label, "SWIFT") for label in (files.run, run)]
    suite = next((suite for suite in suites if suite in naming.LABELLED_SUITES), "SWIFT")
    simulation = f"L{box_size:04.0f}" if run in ("", _UNNAMED) else naming.url_safe(run)
    return Header(
        name=GalaxyName(suite, simulation, str(files.snapshot), "any"),
        box_size=box_size,
        scale_factor=attributes.scale_factor(file, "Scale-factor"),
        cosmology=cosmology,
        dark_matter_mass=0.0,
        notes=notes,
    )


@lru_cache(maxsize=1)
def _open(place: Place, _written: int, _process: int) -> _SoapDirectory:
    """Cache the last snapshot, unless its catalogue has changed or the process was forked."""
    return _SoapDirectory(place)


def _files(place: Place) -> _Files:
    files = _find_files(place)
    if files is None:
        msg = f"{place.directory}: must be a snapshot with a catalogue of SOAP, found none"
        raise GalaxyFileError(msg)
    return files


def _find_files(place: Place) -> _Files | None:
    """Find a snapshot, its catalogue and its labels; the latest with all three by default."""
    own = _NAME.fullmatch(place.directory.stem) if place.directory.is_file() else None
    if place.directory.is_file() and own is None:
        return None
    wanted, run = (int(own["number"]), own["run"]) if own else (place.snapshot, None)
    for number, catalogue in sorted(_catalogues(place, wanted), key=lambda found: -found[0]):
        for name, chunks in _snapshots(place, number, catalogue.parent):
            memberships = _find_labels(chunks, catalogue.parent, number)
            if run in (None, name) and memberships is not None:
                return _Files(name, number, chunks, catalogue, memberships)
    return None


def _catalogues(place: Place, number: int | None) -> Iterator[tuple[int, Path]]:
    """Yield catalogues and their snapshots: as given, or where their name says."""
    if place.groups is not None and place.groups.is_file():
        match = _CATALOGUE.fullmatch(place.groups.stem)
        known = int(match[1]) if match else number
        if known is not None and number in (None, known) and _is_catalogue(place.groups):
            yield known, place.groups
        return
    bases = [place.folder, *list(place.folder.absolute().parents)[:2]]
    folders = [base / sub for base in bases for sub in _CATALOGUE_FOLDERS]
    name = "halo_properties_*" if number is None else f"halo_properties_{number:04d}"
    for folder in [place.groups] if place.groups is not None else folders:
        for path in folder.glob(f"{name}.hdf5"):
            if (match := _CATALOGUE.fullmatch(path.stem)) and _is_catalogue(path):
                yield int(match[1]), path


def _snapshots(place: Place, number: int, beside: Path) -> Iterator[tuple[str, dict[int, Path]]]:
    """Yield run and files of a snapshot: chunks first, then files of all particles."""
    if place.directory.is_file():
        folders = [place.folder]
    else:
        inside = [place.directory, place.directory / "snapshots"]
        own = [folder for base in inside for folder in base.glob(f"*_{number:04d}")]
        folders = [*inside, *own, beside]
    for folder in folders:
        chunks: dict[str, dict[int, Path]] = {}
        whole = []
        for path in sorted(folder.glob(f"*_{number:04d}*.hdf5")):
            match = _NAME.fullmatch(path.stem)
            if match and match["run"] not in _NO_SNAPSHOTS:
                if match["chunk"]:
                    chunks.setdefault(match["run"], {})[int(match["chunk"])] = path
                else:
                    whole.append((match["run"], {0: path}))
        yield from ((run, dict(sorted(found.items()))) for run, found in chunks.items())
        yield from whole


def _find_labels(chunks: dict[int, Path], folder: Path, number: int) -> dict[int, Path] | None:
    """Return the files of labels by chunk; none if the snapshot has them itself.

    None if there are no labels, or this is no snapshot of SWIFT.
    """
    with hdf5.open_file(next(iter(chunks.values()))) as file:
        if not swift.matches(file):
            return None
        if any(f"{group}/{_LABELS}" in file for group in PART_TYPES.values()):
            return {}
    name = f"membership_{number:04d}"
    for base in (folder, folder / name):
        found = {chunk: base / f"{name}.{chunk}.hdf5" for chunk in chunks}
        if len(chunks) == 1 and (base / f"{name}.hdf5").is_file():
            found = dict.fromkeys(chunks, base / f"{name}.hdf5")
        if all(path.is_file() for path in found.values()):
            return found
    return None


def _is_catalogue(path: Path) -> bool:
    with hdf5.open_file(path) as file:
        return soap_catalogue.matches(file)
