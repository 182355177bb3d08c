"""A data set's table -> the points of scaling relations, their running medians, mass functions.

Computed once per data set; `relations` draws them.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from galmass_core.quantities import quantity

MASS = "log_mstar"
GROUPS = ("all", "centrals", "satellites")
FEWEST = 30  # galaxies without which there is no running median
BINS = 16  # of equal width along x; fewer if that would leave less than 10 galaxies in most
FEWEST_IN_BIN = 5  # galaxies
MASS_BIN = 0.2  # dex
BELOW = 0.5  # dex that zeros lie below the least of the others
PADDING = 0.06  # of an axis, free at either end


@dataclass(frozen=True, kw_only=True)
class Relation:
    """Two columns of a data set against each other."""

    # ``key``, ``title``, ``help``: its name in code and on the page, and a sentence on it
    key: str
    title: str
    x: str  # as y, a column that `quantities` explains
    y: str
    help: str
    # Whether y is drawn as its decimal logarithm; zeros then lie on a line of their own
    log: bool = False
    brighter_right: bool = False  # whether x is a magnitude

    @property
    def per_sample(self) -> bool:
        """Whether it depends on the line of sight."""
        return quantity(self.x).per_sample or quantity(self.y).per_sample

    @property
    def labels(self) -> tuple[str, str]:
        """Labels of both axes."""
        return quantity(self.x).label, f"{'log ' * self.log}{quantity(self.y).label}"


RELATIONS = (
    Relation(
        key="size-mass",
        title="Size and mass",
        x=MASS,
        y="half_mass_radius",
        log=True,
        help="Heavier galaxies are larger, slowly at first and steeply above 10¹¹ M☉. "
        "Few are smaller than the softening length of the simulation.",
    ),
    Relation(
        key="colour-mass",
        title="Colour and mass",
        x=MASS,
        y="g_minus_r",
        help="A red sequence on top; below it a blue cloud that thins out above 3 × 10¹⁰ M☉. "
        "Where dust is counted, discs seen edge-on are redder than face-on.",
    ),
    Relation(
        key="faber-jackson",
        title="Faber–Jackson",
        x="abs_mag_r",
        y="sigma_v",
        log=True,
        brighter_right=True,
        help="Brighter galaxies have faster stars, roughly L ∝ σ⁴ among ellipticals. "
        "Discs scatter by the angle from which they are seen.",
    ),
    Relation(
        key="dark-matter-mass",
        title="Dark matter and mass",
        x=MASS,
        y="f_dm_1rhsm",
        help="Share of dark matter inside the half-mass radius; it must lie between 0 and 1.",
    ),
    Relation(
        key="star-formation-mass",
        title="Star formation and mass",
        x=MASS,
        y="sfr_1gyr",
        log=True,
        help="A main sequence of star-forming galaxies that rises with mass, quenched ones below "
        "it, and those that form none on the lowest line, which the running median leaves out.",
    ),
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Related:
    """What a relation looks like in a data set."""

    # ``name``, ``los``, ``x``, ``y`` and ``group`` (``centrals``, ``satellites`` or empty), in the
    # units of the axes; a row per sample, or per galaxy where the line of sight changes nothing
    points: pd.DataFrame
    trends: dict[str, pd.DataFrame]  # by group, of `running_median`; zeros are left out
    without: int  # how many rows lack a value
    zeros: float | None  # where on y zeros lie, None if there are none

    def limits(self, axis: str) -> tuple[float, float]:
        """Return the ends of an axis that shows all points."""
        low, high = self._ends[axis]
        free = PADDING * (high - low) or 0.5
        return low - free, high + free

    @cached_property
    def _ends(self) -> dict[str, tuple[float, float]]:
        return {axis: (self.points[axis].min(), self.points[axis].max()) for axis in "xy"}


def missing(table: pd.DataFrame, *keys: str) -> list[str]:
    """Return those columns in which the table has no value."""
    return [key for key in keys if key not in table or table[key].isna().all()]


def relate(samples: pd.DataFrame, relation: Relation) -> Related:
    """Bring a data set's samples into the axes of a relation.

    Parameters
    ----------
    samples : DataFrame
        In which neither column of the relation is `missing`.
    """
    rows = samples.filter(["name", "los", "is_central", relation.x, relation.y])
    rows = rows if relation.per_sample else one_per_galaxy(rows)
    y, zeros = rows[relation.y].astype(float), None
    if relation.log:
        y, zeros = _logarithm(y)
    points = pd.DataFrame(
        {
            "name": rows["name"],
            "los": rows["los"],
            "x": rows[relation.x].astype(float),
            "y": y,
            "group": group_of(rows),
        }
    ).dropna()
    followed = points[points["y"] != zeros]
    trends = {group: running_median(_of(followed, group)) for group in GROUPS}
    return Related(points=points, trends=trends, without=len(rows) - len(points), zeros=zeros)


def one_per_galaxy(samples: pd.DataFrame) -> pd.DataFrame:
    """Return one row per galaxy: its first."""
    return samples[~samples["name"].duplicated()]


def group_of(samples: pd.DataFrame) -> pd.Series:
    """Say of each row whether it is among the ``centrals`` or ``satellites``; empty if unknown."""
    central = samples.get("is_central", pd.Series(pd.NA, index=samples.index))
    codes = central.astype("boolean").astype("Int8").to_numpy(int, na_value=2)
    return pd.Series(np.take(["satellites", "centrals", ""], codes), samples.index, dtype="str")


def running_median(points: pd.DataFrame) -> pd.DataFrame:
    """Follow the middle of points along x.

    Parameters
    ----------
    points : DataFrame
        ``name``, ``x`` and ``y``.

    Returns
    -------
    DataFrame
        ``x``, ``low``, ``median`` and ``high`` (16, 50 and 84 %) of each bin along x that has
        enough galaxies; empty if there are too few in all.
    """
    columns = ["x", "low", "median", "high"]
    galaxies = points["name"].nunique()
    if galaxies < FEWEST:
        return pd.DataFrame(columns=columns, dtype=float)
    edges = np.linspace(points["x"].min(), points["x"].max(), min(BINS, galaxies // 10) + 1)
    bins = points.groupby(np.digitize(points["x"], edges[1:-1]))
    trend = bins["y"].quantile([0.16, 0.5, 0.84]).unstack()
    trend.insert(0, "x", bins["x"].median())
    trend.columns = columns
    return trend[bins["name"].nunique() >= FEWEST_IN_BIN].reset_index(drop=True)


def mass_functions(samples: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Count galaxies by stellar mass.

    Parameters
    ----------
    samples : DataFrame
        With ``log_mstar``.

    Returns
    -------
    dict of DataFrame
        By group: ``x``, the middle of a bin [dex], ``count`` per dex, and its Poisson limits
        ``low`` and ``high``. Bins begin at the lightest galaxy; those without any are left out.
    """
    galaxies = one_per_galaxy(samples.filter(["name", "is_central", MASS]))
    galaxies = galaxies.assign(group=group_of(galaxies)).dropna(subset=MASS)
    start = galaxies[MASS].min()
    return {group: _mass_function(_of(galaxies, group)[MASS], start) for group in GROUPS}


def _mass_function(masses: pd.Series, start: float) -> pd.DataFrame:
    """Count per dex, with 1σ limits after Gehrels (1986); those of one are above zero."""
    numbers, counts = np.unique(np.floor((masses - start) / MASS_BIN), return_counts=True)
    limits = {
        "count": counts,
        "low": counts - np.sqrt(counts - 0.25),
        "high": counts + np.sqrt(counts + 0.75) + 1,
    }
    table = pd.DataFrame(limits) / MASS_BIN
    table.insert(0, "x", start + (numbers + 0.5) * MASS_BIN)
    return table


def _of(table: pd.DataFrame, group: str) -> pd.DataFrame:
    return table if group == "all" else table[table["group"] == group]


def _logarithm(values: pd.Series) -> tuple[pd.Series, float | None]:
    """Return decimal logarithms, and where zeros were put: on a line below all others."""
    logs = np.log10(values.where(values > 0))
    if not (values == 0).any():
        return logs, None
    least = np.nan_to_num(logs.min())  # 0 where all are zero
    zeros = float(np.floor(2 * least) / 2 - BELOW)
    return logs.mask(values == 0, zeros), zeros
