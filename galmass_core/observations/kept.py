"""Keep what was observed of galaxies in the home folder, so that pages show them.

A file for each galaxy and layout: the maps in the frame of `frame`, and what `report.row_of` and
`prediction` say of it. A galaxy that is observed again takes the place of the one before.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from galmass_core.datasets.folders import home_folder
from galmass_core.imaging.maps import MapConfig
from galmass_core.learning.intervals import LEVELS, limit_names
from galmass_core.learning.out_of_distribution import OOD
from galmass_core.observations.frame import ObservedMaps, frame_maps
from galmass_core.observations.observation import Observation, ObservationError
from galmass_core.observations.unusual import OOD_MAPS
from galmass_core.photometry import BANDS
from galmass_core.quantities import MOMENTS, TARGETS
from galmass_core.storage.atomic import atomic_write
from galmass_core.storage.hdf5_output import hdf5_output
from galmass_core.storage.schema import (
    LOGICAL,
    MEASURED,
    TEXT,
    fields,
    integer,
    list_of,
    number,
    object_of,
    one_of,
    wrong_fields,
)

SUFFIX = ".h5"
_SCHEMA = 1
_ROW = "observation"  # JSON
_LONGEST_NAME, _LONGEST_ROW = 60, 1_000_000  # letters
_CONFIG = MapConfig()
_SHAPES = {
    "flux_CHW": (len(BANDS), *2 * (_CONFIG.light_pixels,)),
    "moments_CHW": (len(MOMENTS), *2 * (_CONFIG.kinematic_pixels,)),
    "dispersion_moments_CHW": (len(MOMENTS), *2 * (_CONFIG.kinematic_pixels,)),
}
_LIMITS = [name for level in LEVELS for name in limit_names(level)]
_PREDICTED = fields(
    {"target": one_of(*TARGETS), "y_pred": MEASURED},
    dict.fromkeys(["y_alone", *_LIMITS, OOD, OOD_MAPS], MEASURED),
)
_RULE = fields(
    {
        "schema": integer(_SCHEMA, _SCHEMA),
        "galaxy": TEXT,
        "layout": TEXT,
        "files": list_of(TEXT, 1),
        "maps": list_of(TEXT),
        "notes": list_of(TEXT),
        "left_out": object_of(object_of(integer(0))),
        "centre": list_of(MEASURED, 2),
        "effective_radius": number(0),
        "position_angle": MEASURED,
        "prediction": fields(
            {
                "run": TEXT,
                "used": list_of(TEXT),
                "half_mass_radius": number(0),
                "covered": number(0, 1),
                "for_field": LOGICAL,
                "outside": TEXT,
                "predictions": list_of(_PREDICTED),
            }
        ),
    },
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Kept:
    """An observed galaxy that was kept.

    Attributes
    ----------
    path : Path
    row : dict
        As of `prediction.observe`, with ``prediction``.
    """

    path: Path
    row: dict[str, Any]

    @property
    def maps(self) -> ObservedMaps:
        """Its maps, with radii in arcsec.

        Raises
        ------
        ObservationError
            If the file is gone or damaged.
        """
        try:
            with h5py.File(self.path, "r") as file:
                arrays: dict[str, Any] = {
                    name: _array(file, name, shape) for name, shape in _SHAPES.items()
                }
        except (OSError, KeyError, ValueError, RuntimeError) as error:
            msg = f"{self.path}: must hold maps as they were kept, got: {error}"
            raise ObservationError(msg) from error
        known = self.row["prediction"]
        radius = known["half_mass_radius"]
        return ObservedMaps(
            **arrays,
            half_mass_radius=radius,
            half_width=_CONFIG.half_width * radius,
            covered=known["covered"],
        )


def observations_folder() -> Path:
    """Return the folder of what was kept."""
    return home_folder() / "observations"


def keep_observation(observation: Observation, row: dict[str, Any]) -> Path:
    """Keep a galaxy with its prediction, atomically; return its file.

    Parameters
    ----------
    observation : Observation
        With an effective radius.
    row : dict
        As of `prediction.observe`, with ``prediction``.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    maps, folder = frame_maps(observation), observations_folder()
    path = folder / f"{_file_name(observation)}{SUFFIX}"
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as part, hdf5_output(part) as file:
        file[_ROW] = json.dumps({"schema": _SCHEMA} | row)
        for name in _SHAPES:
            file.create_dataset(name, data=getattr(maps, name), compression="gzip")
    return path


def kept_observations() -> tuple[list[Kept], list[str]]:
    """Return what was kept, by name, and why other files cannot be read, a sentence each."""
    found, damaged = [], []
    for path in sorted(observations_folder().glob(f"*{SUFFIX}")):
        try:
            found.append(open_kept(path))
        except ObservationError as error:
            damaged.append(str(error))
    return sorted(found, key=lambda kept: (kept.row["galaxy"], kept.path)), damaged


def open_kept(path: Path) -> Kept:
    """Open a galaxy that was kept.

    Raises
    ------
    ObservationError
        If the file is gone or damaged.
    """
    try:
        with h5py.File(path, "r") as file:
            text = file[_ROW].asstr()[()]
            row = json.loads(text[:_LONGEST_ROW])
    except (OSError, KeyError, ValueError, TypeError, RuntimeError, AttributeError) as error:
        msg = f"{path}: must be a file that galmass observe --keep wrote, got: {error}"
        raise ObservationError(msg) from error
    for wrong in wrong_fields(path, row, _RULE):
        raise ObservationError(wrong)
    return Kept(path=path, row=row)


def _array(file: h5py.File, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Read a map's channels; raise ValueError if they have another shape."""
    if file[name].shape != shape or file[name].dtype != np.float32:
        msg = f"{name} of {file[name].shape} {file[name].dtype} in place of {shape} float32"
        raise ValueError(msg)
    return file[name][()]


def _file_name(observation: Observation) -> str:
    """Return a file's name for a galaxy in a layout: readable, and no other galaxy's."""
    readable = re.sub(r"[^A-Za-z0-9+-]+", "_", observation.name)[:_LONGEST_NAME]
    own = f"{observation.name}\0{observation.layout}"
    return f"{readable}-{hashlib.sha256(own.encode()).hexdigest()[:8]}"
