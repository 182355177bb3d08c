"""Learn galaxy masses from images and stellar kinematics of simulated galaxies.

Particles of a simulated galaxy become four maps and a dozen true masses (Chu et al. 2024,
MNRAS 528, 6354); models learn these masses from the maps.

``import galmass_core as galmass`` gives the names in ``__all__``. Each is imported when it is
first used, so that the package imports quickly, and without packages that are not needed.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from galmass_core.api import predict, table, train, transfer
    from galmass_core.datasets.build import build_dataset
    from galmass_core.datasets.dataset import DataSet, open_dataset
    from galmass_core.galaxy import Galaxy
    from galmass_core.imaging.maps import GalaxyMaps, render_maps
    from galmass_core.sources import read_galaxy
    from galmass_core.training.runs import Run, open_run

__version__ = "0.1.0"
__all__ = [
    "DataSet",
    "Galaxy",
    "GalaxyMaps",
    "Run",
    "build_dataset",
    "open_dataset",
    "open_run",
    "predict",
    "read_galaxy",
    "render_maps",
    "table",
    "train",
    "transfer",
]

_HOMES = {
    "DataSet": "datasets.dataset",
    "Galaxy": "galaxy",
    "GalaxyMaps": "imaging.maps",
    "Run": "training.runs",
    "build_dataset": "datasets.build",
    "open_dataset": "datasets.dataset",
    "open_run": "training.runs",
    "predict": "api",
    "read_galaxy": "sources",
    "render_maps": "imaging.maps",
    "table": "api",
    "train": "api",
    "transfer": "api",
}

# OpenMP threads that spin while they wait slow LightGBM down 10-100 times once torch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")


def __getattr__(name: str) -> object:
    """Import a public name when it is first used."""
    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, imported or not."""
    return sorted({*globals(), *__all__})
