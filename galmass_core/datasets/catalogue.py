"""Build a data set without maps from a group catalogue alone, with SUBFIND's numbers.

Masses inside R_hsm and 2 R_hsm are the paper's targets. Light, star formation and velocity
dispersion are defined differently from the paper; ``dataset.json`` states how, for each column.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from galmass_core.datasets.dataset import DataSet
from galmass_core.datasets.dataset_tables import write_tables
from galmass_core.datasets.filters import matching_rows
from galmass_core.galaxy import NO_LINE_OF_SIGHT, Cosmology, GalaxyName
from galmass_core.quantities import APERTURES, TARGETS, measure_inside
from galmass_core.quantities.targets import decimal_log
from galmass_core.sample import catalogue_cuts
from galmass_core.sources.group_catalogue import COLUMNS, GroupCatalogue, read_group_catalogue

DEFINITIONS = {  # of columns that the paper defines differently
    "abs_mag_r": "SubhaloStellarPhotometrics: all bound stars, no dust",
    "g_minus_r": "SubhaloStellarPhotometrics: all bound stars, no dust",
    "sfr_1gyr": "SubhaloSFRinRad: of the moment, gas in a sphere of 2 R_hsm",
    "sigma_v": "SubhaloVelDisp: all bound matter, a third of the 3D variance",
}
NOT_AVAILABLE = {
    target.key: "a catalogue has no light inside apertures"
    for target in TARGETS.values()
    if target.table_5 and target.region == "circle"
}
_KINDS = {"is_central": bool, "flag": bool}  # of columns of a catalogue that are no numbers
_SPECIES = {"stars": "mstar", "dark_matter": "mdm", "gas": "mgas", "total": "mtot"}


def build_catalogue(directory: str | Path, out: str | Path) -> DataSet:
    """Build a data set of the paper's sample from the available chunks of a group catalogue.

    One sample per galaxy, without a line of sight (``los`` is ``none``). The cut in stellar mass
    uses the bound mass, since a catalogue does not give that within 30 kpc.

    Parameters
    ----------
    directory : str or Path
        Folder of the catalogue's chunks (possibly gzipped), or one that illustris_python reads.
    out : str or Path
        Folder to create.

    Returns
    -------
    DataSet

    Raises
    ------
    FileNotFoundError
        If no chunk is found.
    GalaxyFileError
        If a chunk is damaged or lacks a field.
    DataSetError
        If ``out`` holds other files, or no galaxy passes.
    """
    catalogue = read_group_catalogue(directory)
    subhaloes = catalogue.subhaloes
    reasons = catalogue_cuts(subhaloes)
    excluded = pd.Series(reasons[reasons != ""]).value_counts()
    samples = catalogue_samples(catalogue, subhaloes[reasons == ""])
    description = {
        "sources": {"galaxies": len(subhaloes), "files": catalogue.chunks},
        "catalogue": {"chunks": catalogue.chunks, "all_chunks": catalogue.all_chunks},
        "selection": {str(reason): int(count) for reason, count in excluded.items()},
        "definitions": DEFINITIONS,
        "not_available": NOT_AVAILABLE,
    }
    return write_tables(Path(out), samples, description)


def catalogue_samples(catalogue: GroupCatalogue, subhaloes: pd.DataFrame) -> pd.DataFrame:
    """Convert subhaloes of a catalogue to the columns of a data set.

    Parameters
    ----------
    catalogue : GroupCatalogue
    subhaloes : pandas.DataFrame
        Rows of ``catalogue.subhaloes``.

    Returns
    -------
    pandas.DataFrame
        ``name``, ``los``, and columns of `quantities`.
    """
    place = catalogue.suite, catalogue.simulation, str(catalogue.snapshot)
    columns = {
        "name": [str(GalaxyName(*place, str(number))) for number in subhaloes.index],
        "los": NO_LINE_OF_SIGHT,
        "source": str(catalogue.directory),
        "synthetic": catalogue.suite == "synthetic",
        "is_central": subhaloes["is_central"].to_numpy(),
        "host_group": subhaloes["host_group"].to_numpy(),
        "redshift": catalogue.redshift,
        "half_mass_radius": subhaloes["half_mass_radius"].to_numpy(float),
        "n_stars": subhaloes["n_star"].to_numpy(),
        "n_dm": subhaloes["n_dm"].to_numpy(),
        "n_gas": subhaloes["n_gas"].to_numpy(),
        "abs_mag_r": subhaloes["magnitude_r"].to_numpy(float),
        "g_minus_r": (subhaloes["magnitude_g"] - subhaloes["magnitude_r"]).to_numpy(float),
        "sfr_1gyr": subhaloes["sfr_2rhsm"].to_numpy(float),
        "sigma_v": subhaloes["velocity_dispersion"].to_numpy(float),
    }
    bound = _masses(subhaloes, "")
    columns |= {f"log_{_SPECIES[part]}": decimal_log(mass) for part, mass in bound.items()}
    for aperture in APERTURES:
        enclosed = _masses(subhaloes, f"_{aperture}rhsm")
        columns |= measure_inside("sphere", aperture, enclosed)
    return pd.DataFrame(columns)


def check_catalogue_where(where: str) -> None:
    """Raise ValueError unless ``where`` is a condition on columns that a catalogue gives."""
    columns = {name: pd.Series(dtype=_KINDS.get(name, float)) for name in COLUMNS}
    nothing = GroupCatalogue(
        directory=Path(),
        suite="TNG",
        simulation="",
        snapshot=0,
        redshift=0.0,
        cosmology=Cosmology(hubble=0.7, omega_matter=0.3, omega_lambda=0.7),
        chunks=0,
        all_chunks=0,
        subhaloes=pd.DataFrame(columns),
    )
    matching_rows(catalogue_samples(nothing, nothing.subhaloes), where)


def _masses(subhaloes: pd.DataFrame, suffix: str) -> dict[str, np.ndarray]:
    """Return masses by species and in total [Msun], for `Target.measure`."""
    return {part: subhaloes[f"{key}{suffix}"].to_numpy(float) for part, key in _SPECIES.items()}
