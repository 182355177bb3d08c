"""Make the data set of synthetic showcase galaxies that ships with galmass.

Run ``python assets/makers/showcase.py`` after a change to the maps or to the showcase models.
"""

import shutil
import tempfile
from pathlib import Path

from galmass_core.datasets.build import build_dataset
from galmass_core.synthetic.model import sample_galaxy, showcase_models
from galmass_core.synthetic.tng_writer import write_cutout

SHOWCASE = Path(__file__).resolve().parents[1] / "showcase"


def main() -> None:
    """Sample each model, write it as a cutout, build the data set anew."""
    shutil.rmtree(SHOWCASE, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        for subhalo, model in showcase_models().items():
            particles = sample_galaxy(model, seed=int(subhalo))
            write_cutout(Path(folder) / f"cutout_{subhalo}.hdf5", particles, subhalo=subhalo)
        build_dataset([folder], SHOWCASE, packed=True)


if __name__ == "__main__":
    main()
