"""Part ``agreement``: galmass's numbers beside those of other packages on the same data.

Galaxies are made here, without a random number where it can be avoided, and have known answers.
The documentation's page is made of what this prints:

``galmass bench agreement --json > docs/reference/agreement.json``
"""

from collections.abc import Callable, Iterator, Mapping

from galmass_core.benchmarks import (
    agreement_columns,
    agreement_fits,
    agreement_images,
    agreement_masses,
    agreement_motions,
    agreement_particles,
    agreement_statistics,
)
from galmass_core.benchmarks.agreement_rows import Row
from galmass_core.benchmarks.peers import installed

SIZES = (20_000,)
COMPARISONS: Mapping[str, Callable[[int], Iterator[Row]]] = {
    "statmorph": agreement_images.statmorph,
    "photutils": agreement_images.photutils,
    "mgefit": agreement_images.mgefit,
    "lenstronomy": agreement_fits.lenstronomy,
    "astrophot": agreement_fits.astrophot,
    "pafit": agreement_motions.pafit,
    "powerbin": agreement_motions.powerbin,
    "vorbin": agreement_motions.vorbin,
    "plotbin": agreement_motions.plotbin,
    "spectral_cube": agreement_motions.spectral_cube,
    "ppxf": agreement_motions.ppxf,
    "pynbody": agreement_particles.pynbody,
    "swiftsimio": agreement_particles.swiftsimio,
    "yt": agreement_particles.yt,
    "meshoid": agreement_columns.meshoid,
    "sarracen": agreement_columns.sarracen,
    "galpy": agreement_masses.galpy,
    "gala": agreement_masses.gala,
    "astropy": agreement_masses.astropy,
    "colossus": agreement_masses.colossus,
    "extinction": agreement_masses.extinction,
    "speclite": agreement_masses.speclite,
    "sedpy": agreement_masses.sedpy,
    "crepes": agreement_statistics.crepes,
    "mapie": agreement_statistics.mapie,
    "lightgbm": agreement_statistics.lightgbm,
}
PEERS = {package: package for package in COMPARISONS}


def measure(size: int, *, peers: bool) -> Iterator[Row]:
    """Compare with every package that is installed.

    Parameters
    ----------
    size : int
        Number of stars of a galaxy.
    peers : bool
        Ignored: this part is nothing else.

    Yields
    ------
    Row

    Raises
    ------
    RuntimeError
        After all others, if a package failed.
    """
    failed = []
    for package in installed(PEERS):
        try:
            yield from COMPARISONS[package](size)
        except Exception as error:
            failed.append(f"{package}: {type(error).__name__}: {error}")
    if failed:
        raise RuntimeError("; ".join(failed))
