"""Galaxies of the demo universe that are drawn when they are read, and not kept.

They are those that `universe.write_universe` writes, in single precision where TNG's files have it.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from galmass_core.galaxy import Galaxy, GalaxyName
from galmass_core.sample import split_by_cuts
from galmass_core.sources import Found, GalaxyRef, Identity, arepo, naming
from galmass_core.sources.assembly import CatalogueEntry, assemble_galaxy
from galmass_core.sources.centring import half_mass_radius
from galmass_core.sources.coverage import PART_TYPES
from galmass_core.sources.particle_file import Header, ParticleFile, Rows
from galmass_core.synthetic.model import Particles, sample_galaxy
from galmass_core.synthetic.solver import solve_model
from galmass_core.synthetic.tng_writer import BOX_SIZE, COSMOLOGY, KPC, SNAPSHOT, code_fields
from galmass_core.synthetic.universe import Order, draw_demands, order_galaxies, simulation_name

_UNITS = arepo.Units(1.0, COSMOLOGY.hubble)


@dataclass(frozen=True, kw_only=True)
class DrawnGalaxy(GalaxyRef):
    """A galaxy of a universe; ``path`` is the name of its simulation, which says all the rest."""

    order: Order = field(compare=False)

    def identity(self, _: Callable[[Path], Any]) -> Identity:
        """Return what differs if the galaxy is another one."""
        return str(self.path), self.subhalo

    def read(self) -> Galaxy:
        """Draw the galaxy."""
        order = self.order
        particles = sample_galaxy(solve_model(order.demand), order.seed, bare_halo=True)
        suite, simulation = naming.simulation_from_label(str(self.path), "TNG")
        fields = code_fields(particles, position=order.position, velocity=order.velocity)

        def rows(species: str, dataset: str) -> Rows | None:
            values = fields[PART_TYPES[species]].get(dataset)
            return None if values is None else Rows(values(), {})

        entry = _entry(order, particles)
        file = ParticleFile(
            path=self.path,
            header=Header(
                name=GalaxyName(suite, simulation, str(SNAPSHOT), str(self.subhalo)),
                box_size=BOX_SIZE,
                scale_factor=1.0,
                cosmology=COSMOLOGY,
                dark_matter_mass=0.0,  # each particle has its own
            ),
            datasets=arepo.DATASETS,
            scale=_UNITS.factor,
            rows=rows,
            species=frozenset(name for name, group in PART_TYPES.items() if group in fields),
            origin=entry.centre,
            has_wind=True,
        )
        return assemble_galaxy(file, entry)


def _entry(order: Order, particles: Particles) -> CatalogueEntry:
    """Return the entry that a group catalogue has for a galaxy."""
    stars = particles["stars"]
    radius = half_mass_radius(stars["positions"], stars["masses"])
    return CatalogueEntry(
        centre=(order.position * KPC).astype(np.float32).astype(np.float64),
        half_mass_radius=float(np.float32(radius * KPC)) * _UNITS.length,
        is_central=order.demand.is_central,
        host_group=order.group,
        is_cosmological=True,
    )


def find_universe(n: int, seed: int, universe: str = "reference") -> Found:
    """List the galaxies of a universe that its catalogue does not exclude, without drawing them.

    Parameters
    ----------
    n, seed : int
    universe : str
        As of `universe.write_universe`.

    Returns
    -------
    Found

    Raises
    ------
    ValueError
        If ``n`` is not positive, or the universe is unknown.
    """
    orders = order_galaxies(*draw_demands(n, seed, universe), seed)
    demands = pd.DataFrame([vars(order.demand) for order in orders])
    passing, left_out = split_by_cuts(
        demands.assign(
            mtot=demands["mstar"] + demands["mdm"] + demands["mgas"], flag=True, n_star=np.inf
        )
    )
    name = Path(simulation_name(n, seed, universe))
    galaxies = [DrawnGalaxy(name, str(number), order=orders[number]) for number in passing]
    return Found(galaxies, Counter(left_out))
