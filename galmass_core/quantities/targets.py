"""Define the targets: columns of true values, their measurement or derivation, and names.

A target has a column (``log_mtot_1rhsm``), the word of experiments (``mtot``; ``mtot_2r`` inside 2
R_hsm), the name in the paper's tables (``Mtot``) and a symbol. All are defined here once for all
apertures (`FAMILIES`); `inside` returns the target of one aperture. A new target is one call of
`register_target`.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from galmass_core.quantities.quantity import QUANTITIES, Kind, Quantity

APERTURES = (1, 2)  # in R_hsm, as the paper
LEAST_FRACTION = 1e-3  # lower predictions of f_DM are set to this
Region = Literal["sphere", "circle"]
Enclosed = Mapping[str, float | NDArray]
AnyQuantity = TypeVar("AnyQuantity", bound=Quantity)


@dataclass(frozen=True, kw_only=True)
class Target(Quantity):
    """A column of true values.

    Attributes
    ----------
    stem : str
        Its column without the aperture, as in `FAMILIES`.
    aperture : int
        Radius in R_hsm that it is measured inside.
    region : str
        ``sphere``, or ``circle`` on the sky.
    measure : callable or None
        Function of the content of an aperture that returns the column, a number or an array. In a
        sphere: masses of ``stars``, ``dark_matter``, ``gas`` and ``total`` [Msun]; in a circle:
        ``mass`` of the stars [Msun] and their ``light`` [Lsun]. None for a column with another
        source, such as a join.
    word : str
        Name in experiments; empty if it is not learned.
    published : str
        Name in the paper's tables, as in ``assets/paper``; empty if it is not in them.
    table_5 : bool
        Whether it is a target of the paper's Table 5, of trees on features.
    derived_from : tuple of str
        Stems of targets inside the same aperture: a network that predicts them predicts this.
    beside_truth : tuple of str
        Stems of columns whose true values are also needed.
    derive : callable or None
        Function of the decimal logarithms of `derived_from` and `beside_truth`, arrays in that
        order, that returns that of the target.
    """

    kind: Kind = "target"
    stem: str = ""
    aperture: int = 0
    region: Region = "sphere"
    measure: Callable[[Enclosed], float | NDArray] | None = None
    word: str = ""
    published: str = ""
    table_5: bool = False
    derived_from: tuple[str, ...] = ()
    beside_truth: tuple[str, ...] = ()
    derive: Callable[..., NDArray] | None = None

    @property
    def is_mass(self) -> bool:
        """Whether it is the logarithm of a mass."""
        return self.log and self.unit == "Msun"

    @property
    def short_name(self) -> str:
        """The name without the aperture."""
        return self.name.partition(" inside ")[0]

    @property
    def derived_from_columns(self) -> tuple[str, ...]:
        """Columns of `derived_from` inside its aperture."""
        return tuple(target_column(stem, self.aperture) for stem in self.derived_from)

    @property
    def beside_truth_columns(self) -> tuple[str, ...]:
        """Columns of `beside_truth` inside its aperture."""
        return tuple(target_column(stem, self.aperture) for stem in self.beside_truth)


def decimal_log(values: ArrayLike) -> NDArray:
    """Return decimal logarithms; NaN for zero."""
    if isinstance(values, float):  # in a tenth of the time
        return np.float64(math.log10(values) if values > 0 else math.nan)
    values = np.asarray(values, dtype=float)
    return np.log10(values, out=np.full(values.shape, np.nan), where=values > 0)


def _mass_of(part: str) -> Callable[[Enclosed], NDArray]:
    return lambda enclosed: decimal_log(enclosed[part])


def _share_of(part: str) -> Callable[[Enclosed], NDArray]:
    def share(enclosed: Enclosed) -> NDArray:
        total = np.asarray(enclosed["total"], dtype=float)
        return np.divide(enclosed[part], total, out=np.full(total.shape, np.nan), where=total != 0)

    return share


def dark_fraction(log_mstar: NDArray, log_mtot: NDArray) -> NDArray:
    """Derive log f_DM = log(1 - M*/M_tot) (Chu et al. 2024, Sec. 4.3), at least `LEAST_FRACTION`.

    The true f_DM is M_DM/M_tot, so that gas counts as an error.
    """
    return np.log10(np.maximum(1 - 10 ** (log_mstar - log_mtot), LEAST_FRACTION))


_FAMILIES = (
    Target(
        key="log_mstar",
        symbol="M*",
        name="stellar mass",
        unit="Msun",
        log=True,
        help="Mass of the stars in a sphere of {r}.",
        measure=_mass_of("stars"),
        word="mstar",
        published="Mstar",
        table_5=True,
    ),
    Target(
        key="log_mdm",
        symbol="M_DM",
        name="dark-matter mass",
        unit="Msun",
        log=True,
        help="Mass of the dark matter in a sphere of {r}.",
        measure=_mass_of("dark_matter"),
        word="mdm",
        published="MDM",
        table_5=True,
    ),
    Target(
        key="log_mgas",
        symbol="M_gas",
        name="gas mass",
        unit="Msun",
        log=True,
        help="Mass of the gas in a sphere of {r}, wind included; empty where there is none.",
        measure=_mass_of("gas"),
    ),
    Target(
        key="log_mtot",
        symbol="M_tot",
        name="total mass",
        unit="Msun",
        log=True,
        help="Mass of stars, dark matter, gas and black holes in a sphere of {r}.",
        measure=_mass_of("total"),
        word="mtot",
        published="Mtot",
        table_5=True,
    ),
    Target(
        key="f_star",
        symbol="f*",
        name="stellar fraction",
        help="Share of the stars in the total mass inside a sphere of {r}.",
        measure=_share_of("stars"),
        word="fstar",
        published="fstar",
        table_5=True,
    ),
    Target(
        key="f_dm",
        symbol="f_DM",
        name="dark-matter fraction",
        help="Share of the dark matter in the total mass inside a sphere of {r}.",
        measure=_share_of("dark_matter"),
        word="fdm",
        published="fDM",
        table_5=True,
        derived_from=("log_mstar", "log_mtot"),
        derive=dark_fraction,
    ),
    Target(
        key="log_mstar2d",
        symbol="M*,2D",
        name="projected stellar mass",
        unit="Msun",
        log=True,
        help="Mass of the stars seen inside a circle of {r}.",
        region="circle",
        measure=_mass_of("mass"),
        word="mstar2d",
        published="Mstar2D",
    ),
    Target(
        key="log_lr",
        symbol="L_r",
        name="projected r luminosity",
        unit="Lsun",
        log=True,
        help="r light, dimmed by dust, inside a circle of {r}.",
        region="circle",
        measure=_mass_of("light"),
    ),
    Target(
        key="log_ml_r",
        symbol="M*/L",
        name="stellar mass-to-light ratio",
        unit="Msun/Lsun",
        log=True,
        help="Stellar mass over dimmed r light, both inside a circle of {r} on the sky.",
        region="circle",
        measure=lambda enclosed: decimal_log(enclosed["mass"]) - decimal_log(enclosed["light"]),
        word="ml",
        published="Mstar/L",
        table_5=True,
        derived_from=("log_mstar2d",),
        beside_truth=("log_lr",),
        derive=lambda log_mstar2d, log_lr: log_mstar2d - log_lr,
    ),
)
FAMILIES = {  # targets measured inside apertures, by stem
    family.key: replace(family, stem=family.key, per_sample=family.region == "circle")
    for family in _FAMILIES
}


def target_column(stem: str, aperture: int) -> str:
    """Return the column of a family inside ``aperture`` R_hsm."""
    return f"{stem}_{aperture}rhsm"


def inside(stem: str, aperture: int) -> Target:
    """Return the target of a family inside ``aperture`` R_hsm, whether data sets have it or not.

    Parameters
    ----------
    stem : str
        Of `FAMILIES`.
    aperture : int
    """
    family = FAMILIES[stem]
    word = family.word if aperture == 1 else f"{family.word}_{aperture}r"
    return replace(
        within_radius(family, aperture),
        key=target_column(stem, aperture),
        aperture=aperture,
        word=word if family.word else "",
    )


def within_radius(quantity: AnyQuantity, aperture: int) -> AnyQuantity:
    """Add a radius of ``aperture`` R_hsm to symbol, name and help of a quantity."""
    radius = radius_name(aperture)
    return replace(
        quantity,
        symbol=f"{quantity.symbol}(<{radius})",
        name=f"{quantity.name} inside {radius}",
        help=quantity.help.format(r=radius),
    )


def radius_name(aperture: int) -> str:
    """Return the name of an aperture: ``R_hsm``, ``2 R_hsm``."""
    return "R_hsm" if aperture == 1 else f"{aperture} R_hsm"


TARGETS: dict[str, Target] = {  # by column
    target_column(stem, aperture): inside(stem, aperture)
    for aperture in APERTURES
    for stem in FAMILIES
}
_BUILT_IN = frozenset(TARGETS)


def targets_by_word() -> dict[str, Target]:
    """Return the targets that can be learned by the words of experiments."""
    return {target.word: target for target in TARGETS.values() if target.word}


def apertures(region: Region) -> list[int]:
    """Return the apertures of measured targets [R_hsm], in spheres or circles."""
    measured = (each for each in TARGETS.values() if each.measure and each.region == region)
    return sorted({each.aperture for each in measured})


def measure_inside(region: Region, aperture: int, enclosed: Enclosed) -> dict[str, float | NDArray]:
    """Measure the targets of one aperture; column to value.

    Parameters
    ----------
    region : str
    aperture : int
    enclosed : mapping
        Content of the aperture, for `Target.measure`.
    """
    return {
        key: _plain(target.measure(enclosed))
        for key, target in TARGETS.items()
        if target.measure and (target.region, target.aperture) == (region, aperture)
    }


def _plain(values: float | NDArray) -> float | NDArray:
    """Convert a single number to a float; return arrays unchanged."""
    return float(values) if np.ndim(values) == 0 else values


def register_target(target: Target) -> None:
    """Add a target for this process, or replace one that was added before.

    From then on builds measure it, experiments learn it by its word, and pages of the dashboard
    that are made later offer it. A build in several processes, and a training in a process of its
    own, do not have it: build with ``workers=1``, and train by `train_run`.

    Parameters
    ----------
    target : Target
        Such as ``inside("log_mtot", 3)``.

    Raises
    ------
    ValueError
        If galmass itself has a column of that key, it does not consist of stem and aperture, or
        another target has that word.
    """
    if target.key in QUANTITIES and (target.key not in TARGETS or target.key in _BUILT_IN):
        msg = f"the key of a new target must not be that of a map or column, got {target.key!r}"
        raise ValueError(msg)
    if target.key != target_column(target.stem, target.aperture):
        rule = f"must be {target_column(target.stem, target.aperture)}, of stem and aperture"
        msg = f"the key of a new target {rule}, got {target.key!r}"
        raise ValueError(msg)
    if target.word and targets_by_word().get(target.word, target).key != target.key:
        msg = f"the word of a new target must not be that of another, got {target.word!r}"
        raise ValueError(msg)
    TARGETS[target.key] = QUANTITIES[target.key] = target
