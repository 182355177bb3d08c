"""A folder of small synthetic galaxies, each heavier than the one before."""

from functools import cache
from pathlib import Path

from galmass_core.synthetic.model import GalaxyModel, Particles, sample_galaxy
from galmass_core.synthetic.profiles import Disc, hernquist_bulge, nfw_halo
from galmass_core.synthetic.tng_writer import write_cutout

COUNT = 5
NAMES = [f"synthetic/demo-1/99/{subhalo}" for subhalo in range(1, COUNT + 1)]


@cache
def particles(subhalo: int) -> Particles:
    model = GalaxyModel(
        halo=nfw_halo(4e11, 10.0, 15.0),
        bulge=hernquist_bulge(1e9 * subhalo, 0.5, 15.0),
        disc=Disc(mass=3e9, scale_length=2.0, scale_height=0.4),
        gas=Disc(mass=1e9, scale_length=3.0, scale_height=0.15),
        star_formation_rate=0.5,
        star_mass=1e7,
        dark_matter_mass=5e7,
    )
    return sample_galaxy(model, subhalo)


def write_demo_galaxies(folder: Path, count: int = COUNT) -> Path:
    folder.mkdir(exist_ok=True)
    for subhalo in range(1, count + 1):
        write_cutout(folder / f"cutout_{subhalo}.hdf5", particles(subhalo), subhalo=subhalo)
    return folder
