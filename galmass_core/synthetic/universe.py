"""Generate the demo universe: synthetic galaxies distributed as in TNG100, in TNG's layout.

Galaxies are drawn from a distribution fitted to a part of TNG100's group catalogue (`universe_fit`,
``assets/universe.json``), centrals and satellites separately, and profiles are solved to reproduce
the drawn numbers. That part covers group environments: four in five galaxies are satellites.
Other universes (`physics.UNIVERSES`) have the same galaxies with other physics.
"""

import json
import math
from collections.abc import Callable, Hashable, Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_core.assets import asset
from galmass_core.parallel import map_in_order
from galmass_core.synthetic.model import GalaxyModel, Particles, sample_galaxy
from galmass_core.synthetic.physics import UNIVERSES
from galmass_core.synthetic.snapshot_writer import write_directory
from galmass_core.synthetic.solver import MOST_PARTICLES, Demand, solve_model
from galmass_core.synthetic.subfind import Placed
from galmass_core.synthetic.tng_writer import BOX_SIZE, KPC

_FLATTEST_BULGE = 0.6  # axis ratio; not in any catalogue
_HALO_VELOCITY = 200.0  # km/s, in each direction
_SATELLITE_DISTANCE, _SATELLITE_VELOCITY = 300.0, 200.0  # kpc, km/s, in each direction


class Order(NamedTuple):
    """What the particles of a galaxy follow from, and where they are placed in the box."""

    demand: Demand
    seed: int
    group: int  # number of its halo
    position: NDArray  # (3,) kpc
    velocity: NDArray  # (3,) km/s


def draw_universe(n: int, seed: int) -> list[GalaxyModel]:
    """Draw galaxies distributed as in TNG100.

    Parameters
    ----------
    n : int
        Number of galaxies.
    seed : int

    Returns
    -------
    list of GalaxyModel
        The first is a central; each central is followed by the satellites of its halo.

    Raises
    ------
    ValueError
        If ``n`` is not positive.
    """
    return [solve_model(demand) for demand in draw_demands(n, seed)[0]]


def draw_demands(n: int, seed: int, universe: str = "reference") -> tuple[list[Demand], list[int]]:
    """Draw the required measurements of galaxies.

    Parameters
    ----------
    n : int
        Number of galaxies.
    seed : int
    universe : str
        One of `physics.UNIVERSES`; with the same seed, the same galaxies with other physics.

    Returns
    -------
    demands : list of Demand
        The first is a central; each central is followed by the satellites of its halo.
    hosts : list of int
        Number of each galaxy's halo.

    Raises
    ------
    ValueError
        If ``n`` is not positive, or the universe is unknown.
    """
    if n < 1:
        msg = f"n must be a positive number of galaxies, got {n}"
        raise ValueError(msg)
    if universe not in UNIVERSES:
        msg = f"universe must be one of {', '.join(UNIVERSES)}, got {universe!r}"
        raise ValueError(msg)
    rng = np.random.default_rng((seed, 0))
    kinds = _fitted()["kinds"]
    counts = np.diff(np.round(n * np.cumsum([0.0, *(kind["share"] for kind in kinds)])))
    if not counts[0]:
        counts = np.eye(len(kinds))[0] * n  # too few for satellites
    drawn = pd.concat(
        [_draw(kind, int(count), rng) for kind, count in zip(kinds, counts, strict=True)]
    )
    drawn["bulge_axis_ratio"] = rng.uniform(_FLATTEST_BULGE, 1.0, n)
    centrals = int(drawn["is_central"].sum())  # first in the table
    hosts = np.concatenate((np.arange(centrals), rng.integers(0, centrals, n - centrals)))
    order = np.argsort(hosts, kind="stable")
    rows = drawn.iloc[order].to_dict("records")
    demands = [UNIVERSES[universe].change(_demand(row)) for row in rows]
    return demands, hosts[order].tolist()


def write_universe(
    directory: str | Path,
    n: int,
    seed: int,
    progress: Callable[[int, int], None] | None = None,
    *,
    workers: int = 1,
    most_particles: float = MOST_PARTICLES,
    universe: str = "reference",
) -> None:
    """Draw galaxies and write them as a TNG simulation: snapshot, catalogue, offsets.

    The same number and seed give the same bytes; both are in the galaxies' names, as in
    ``synthetic/demo-1-300/99/17``, or ``synthetic/demo-variant-1-300/99/17`` of another universe.
    The first galaxy lies on a side of the box.

    Parameters
    ----------
    directory : str or Path
        Folder to create.
    n, seed : int
    progress : function of two int, optional
        Called with the number of galaxies done and the total.
    workers : int
        Number of processes.
    most_particles : float
        Of a kind in one galaxy (see `solve_model`).
    universe : str
        One of `physics.UNIVERSES`.

    Raises
    ------
    ValueError
        If ``n`` or ``workers`` is not positive, or the universe is unknown.
    FileExistsError
        If the folder holds files.
    """
    demands, hosts = draw_demands(n, seed, universe)
    galaxies = place_galaxies(
        demands, hosts, seed, progress, workers=workers, most_particles=most_particles
    )
    write_directory(directory, galaxies, simulation_name(n, seed, universe))


def simulation_name(n: int, seed: int, universe: str = "reference") -> str:
    """Return the simulation in the names of galaxies, which differs for other galaxies."""
    name = "demo" if universe == "reference" else f"demo-{universe}"
    return f"{name}-{seed}-{n}"


def place_galaxies(
    demands: list[Demand],
    hosts: list[int],
    seed: int,
    progress: Callable[[int, int], None] | None = None,
    *,
    workers: int = 1,
    most_particles: float = MOST_PARTICLES,
) -> Iterator[Placed]:
    """Generate the particles of galaxies one by one, with positions and velocities in the box.

    Parameters
    ----------
    demands, hosts : list
        Of `draw_demands`; the first galaxy lies on a side of the box.
    seed : int
    progress : function of two int, optional
        Called with the number of galaxies done and the total.
    workers : int
        Number of processes.
    most_particles : float
        Of a kind in one galaxy (see `solve_model`).

    Yields
    ------
    Placed
    """
    orders = order_galaxies(demands, hosts, seed)
    sample = partial(_sample, most_particles=most_particles)
    galaxies = map_in_order(sample, orders, workers)
    for number, (particles, order) in enumerate(zip(galaxies, orders, strict=True)):
        yield Placed(particles, order.group, order.position, order.velocity)
        if progress is not None:
            progress(number + 1, len(demands))


def order_galaxies(demands: list[Demand], hosts: list[int], seed: int) -> list[Order]:
    """Return all that the particles of each galaxy follow from; arguments of `place_galaxies`."""
    rng = np.random.default_rng((seed, 1))
    box = BOX_SIZE / KPC
    centre = motion = np.zeros(3)
    orders = []
    for number, (demand, host) in enumerate(zip(demands, hosts, strict=True)):
        if demand.is_central:
            position = centre = rng.uniform(0.0, box, 3) * (number > 0)
            velocity = motion = rng.normal(0.0, _HALO_VELOCITY, 3)
        else:
            position = np.mod(centre + rng.normal(0.0, _SATELLITE_DISTANCE, 3), box)
            velocity = motion + rng.normal(0.0, _SATELLITE_VELOCITY, 3)
        orders.append(Order(demand, int(rng.integers(2**62)), host, position, velocity))
    return orders


def _sample(order: Order, most_particles: float) -> Particles:
    """Generate the particles of one galaxy."""
    return sample_galaxy(solve_model(order.demand, most_particles), order.seed)


def _draw(kind: dict[str, Any], count: int, rng: np.random.Generator) -> pd.DataFrame:
    """Draw from a mixture of normals in the normal scores of each column, as evenly as possible.

    Each component gets its share of the galaxies, with exactly its mean and covariance: even a few
    hundred galaxies have the correlations of the fit.
    """
    shares = np.cumsum([0.0, *kind["weights"]])
    counts = np.diff(np.round(count * shares / shares[-1]).astype(int))
    scores = []
    for mean, triangle, members in zip(kind["means"], kind["choleskies"], counts, strict=True):
        factor = np.zeros((len(mean), len(mean)))
        factor[np.tril_indices(len(mean))] = triangle
        scores.append(_even_normals(members, len(mean), rng) @ factor.T + mean)
    shuffled = rng.permutation(np.concatenate(scores))
    # Even ranks: the marginals are as fitted at any number of galaxies.
    ranks = (shuffled.argsort(axis=0).argsort(axis=0) + 0.5) / max(count, 1)
    table = {
        name: np.interp(ranks[:, i], _fitted()["ranks"], quantiles)
        for i, (name, quantiles) in enumerate(kind["columns"].items())
    }
    return pd.DataFrame(table).assign(is_central=kind["is_central"])


def _even_normals(count: int, size: int, rng: np.random.Generator) -> NDArray:
    """Draw standard normals with sample mean 0 and covariance 1, if there are enough."""
    normal = rng.standard_normal((count, size))
    if count < 2 * size:
        return normal
    normal -= normal.mean(axis=0)
    factor = np.linalg.cholesky(np.cov(normal, rowvar=False, bias=True))
    return np.linalg.solve(factor, normal.T).T


def _demand(row: Mapping[Hashable, Any]) -> Demand:
    """Invert `universe_fit.describe`: return a row in Msun, kpc and Msun/yr, with 0 for NaN."""
    mass = {}
    mass["mstar"] = 10.0 ** row["log_mstar"]
    mass["mstar_2rhsm"] = mass["mstar"] * 10.0 ** row["log_mstar_2rhsm_share"]
    mass["mdm_1rhsm"] = mass["mstar"] * 10.0 ** row["log_mdm_1rhsm_ratio"]
    mass["mdm_2rhsm"] = mass["mdm_1rhsm"] * 10.0 ** row["log_mdm_2rhsm_growth"]
    mass["mdm"] = mass["mdm_2rhsm"] * 10.0 ** row["log_mdm_growth"]
    mass["mgas"] = 10.0 ** row.get("log_mgas", np.nan)
    mass["mgas_2rhsm"] = mass["mgas"] * 10.0 ** row.get("log_mgas_2rhsm_share", np.nan)
    mass["mgas_1rhsm"] = mass["mgas_2rhsm"] * 10.0 ** row.get("log_mgas_1rhsm_share", np.nan)
    return Demand(
        **{name: _or_zero(value) for name, value in mass.items()},
        half_mass_radius=10.0 ** row["log_half_mass_radius"],
        star_formation_rate=_or_zero(10.0 ** row.get("log_sfr", np.nan)),
        colour=row["colour"],
        log_mass_to_light=row["log_mass_to_light"],
        metallicity=10.0 ** row["log_metallicity"],
        disc_fraction=row["disc_fraction"],
        bulge_axis_ratio=row["bulge_axis_ratio"],
        is_central=row["is_central"],
    )


def _or_zero(value: float) -> float:
    """Return a number, or 0 for NaN."""
    return 0.0 if math.isnan(value) else float(value)


@cache
def _fitted() -> dict[str, Any]:
    """Read the fitted distribution."""
    return json.loads(asset("universe.json").read_text())
