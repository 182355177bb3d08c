"""Every map, feature and target by name: the one place for keys, symbols, units, words, colours.

Columns of tables, CSV headers, HDF5 attributes, axis labels and the dashboard's help all read it.
"""

from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["map", "property", "feature", "target"]


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """What a column or a map means.

    Attributes
    ----------
    key : str
        Column name.
    symbol : str
        Short form, as on an axis.
    name : str
        In words.
    unit : str
        Empty where there is none; the unit inside the logarithm where ``log``.
    kind : str
        ``map``, ``property`` (of the simulated galaxy), ``feature`` (input) or ``target`` (truth).
    per_sample : bool
        Whether it depends on the line of sight.
    log : bool
        Whether the column is a decimal logarithm.
    help : str
        One sentence for someone who meets it for the first time.
    """

    key: str
    symbol: str
    name: str
    unit: str = ""
    kind: Kind = "property"
    per_sample: bool = False
    log: bool = False
    help: str = ""

    @property
    def label(self) -> str:
        """Axis label: symbol and unit."""
        symbol = f"log {self.symbol}" if self.log else self.symbol
        unit = self.unit.replace("Msun", "M☉").replace("Lsun", "L☉")
        return f"{symbol} [{unit}]" if unit else symbol


MAPS = (
    Quantity(
        key="r",
        symbol="r",
        name="r image",
        unit="Lsun/pixel",
        kind="map",
        per_sample=True,
        help="Starlight in the SDSS r band, dimmed by dust.",
    ),
    Quantity(
        key="g-r",
        symbol="g−r",
        name="g−r colour map",
        unit="mag",
        kind="map",
        per_sample=True,
        help="Colour of the starlight: red where stars are old, metal-rich or behind dust.",
    ),
    Quantity(
        key="V",
        symbol="V",
        name="velocity map",
        unit="km/s",
        kind="map",
        per_sample=True,
        help="Mean velocity of the stars along the line of sight; positive moves away from us.",
    ),
    Quantity(
        key="sigma",
        symbol="σ",
        name="dispersion map",
        unit="km/s",
        kind="map",
        per_sample=True,
        help="Spread of the stars' velocities along the line of sight.",
    ),
)

_GALAXY = (
    Quantity(
        key="log_mstar",
        symbol="M*",
        name="stellar mass",
        unit="Msun",
        log=True,
        help="Mass of all stars bound to the galaxy.",
    ),
    Quantity(
        key="log_mstar_30kpc",
        symbol="M*(<30 kpc)",
        name="stellar mass within 30 kpc",
        unit="Msun",
        log=True,
        help="Mass of the stars in a sphere of 30 kpc: the paper selects galaxies by it.",
    ),
    Quantity(
        key="log_mdm",
        symbol="M_DM",
        name="dark-matter mass",
        unit="Msun",
        log=True,
        help="Mass of all dark matter bound to the galaxy.",
    ),
    Quantity(
        key="log_mgas",
        symbol="M_gas",
        name="gas mass",
        unit="Msun",
        log=True,
        help="Mass of all gas bound to the galaxy, wind included; empty where there is none.",
    ),
    Quantity(
        key="log_mtot",
        symbol="M_tot",
        name="total mass",
        unit="Msun",
        log=True,
        help="Mass of everything bound to the galaxy.",
    ),
    Quantity(
        key="half_mass_radius",
        symbol="R_hsm",
        name="half-mass radius",
        unit="kpc",
        help="Radius of the sphere that holds half of the galaxy's stellar mass.",
    ),
    Quantity(key="redshift", symbol="z", name="redshift", help="Redshift of the snapshot."),
    Quantity(key="n_stars", symbol="N*", name="star particles", help="Number of star particles."),
    Quantity(
        key="n_dm",
        symbol="N_DM",
        name="dark-matter particles",
        help="Number of dark-matter particles.",
    ),
    Quantity(key="n_gas", symbol="N_gas", name="gas cells", help="Number of gas cells."),
)

_LIGHT = (
    Quantity(
        key="abs_mag_r",
        symbol="M_r",
        name="r-band absolute magnitude",
        unit="mag",
        kind="feature",
        per_sample=True,
        help="Brightness in r within 5 R_hsm on the sky, dimmed by dust; brighter is lower.",
    ),
    Quantity(
        key="g_minus_r",
        symbol="g−r",
        name="colour",
        unit="mag",
        kind="feature",
        per_sample=True,
        help="Colour within 5 R_hsm on the sky, reddened by dust.",
    ),
    Quantity(
        key="effective_radius",
        symbol="R_e",
        name="effective radius",
        unit="kpc",
        kind="feature",
        per_sample=True,
        help="Circle on the sky that holds half of the r light: the size a telescope sees.",
    ),
    Quantity(
        key="sigma_v",
        symbol="σ_v",
        name="velocity dispersion",
        unit="km/s",
        kind="feature",
        per_sample=True,
        help="Spread of stellar velocities within 2 R_hsm on the sky, weighted by r light.",
    ),
    Quantity(
        key="abs_mag_r_intrinsic",
        symbol="M_r (no dust)",
        name="r-band absolute magnitude without dust",
        unit="mag",
        help="Brightness in r of all stars as if there were no dust.",
    ),
    Quantity(
        key="g_minus_r_intrinsic",
        symbol="g−r (no dust)",
        name="colour without dust",
        unit="mag",
        help="Colour of all stars as if there were no dust.",
    ),
)

_WITHIN_SPHERE = (
    Quantity(
        key="log_mstar",
        symbol="M*",
        name="stellar mass",
        unit="Msun",
        log=True,
        help="Mass of the stars in a sphere of {r}.",
    ),
    Quantity(
        key="log_mdm",
        symbol="M_DM",
        name="dark-matter mass",
        unit="Msun",
        log=True,
        help="Mass of the dark matter in a sphere of {r}.",
    ),
    Quantity(
        key="log_mgas",
        symbol="M_gas",
        name="gas mass",
        unit="Msun",
        log=True,
        help="Mass of the gas in a sphere of {r}, wind included; empty where there is none.",
    ),
    Quantity(
        key="log_mtot",
        symbol="M_tot",
        name="total mass",
        unit="Msun",
        log=True,
        help="Mass of stars, dark matter, gas and black holes in a sphere of {r}.",
    ),
    Quantity(
        key="f_star",
        symbol="f*",
        name="stellar fraction",
        help="Share of the stars in the total mass inside a sphere of {r}.",
    ),
    Quantity(
        key="f_dm",
        symbol="f_DM",
        name="dark-matter fraction",
        help="Share of the dark matter in the total mass inside a sphere of {r}.",
    ),
)

_WITHIN_CIRCLE = (
    Quantity(
        key="log_mstar2d",
        symbol="M*,2D",
        name="projected stellar mass",
        unit="Msun",
        log=True,
        help="Mass of the stars seen inside a circle of {r}.",
    ),
    Quantity(
        key="log_lr",
        symbol="L_r",
        name="projected r luminosity",
        unit="Lsun",
        log=True,
        help="r light, dimmed by dust, inside a circle of {r}.",
    ),
    Quantity(
        key="log_ml_r",
        symbol="M*/L",
        name="stellar mass-to-light ratio",
        unit="Msun/Lsun",
        log=True,
        help="Stellar mass over dimmed r light, both inside a circle of {r} on the sky.",
    ),
)


def _inside(quantity: Quantity, aperture: int, *, per_sample: bool) -> Quantity:
    radius = "R_hsm" if aperture == 1 else f"{aperture} R_hsm"
    return replace(
        quantity,
        key=f"{quantity.key}_{aperture}rhsm",
        symbol=f"{quantity.symbol}(<{radius})",
        name=f"{quantity.name} inside {radius}",
        kind="target",
        per_sample=per_sample,
        help=quantity.help.format(r=radius),
    )


APERTURES = (1, 2)  # in R_hsm
TARGETS = tuple(
    _inside(quantity, aperture, per_sample=per_sample)
    for aperture in APERTURES
    for group, per_sample in ((_WITHIN_SPHERE, False), (_WITHIN_CIRCLE, True))
    for quantity in group
)
QUANTITIES = {quantity.key: quantity for quantity in (*MAPS, *_GALAXY, *_LIGHT, *TARGETS)}


def quantity(key: str) -> Quantity:
    """Return the quantity behind a key.

    Raises
    ------
    KeyError
        If nothing has that key; the message lists the known ones.
    """
    if key not in QUANTITIES:
        msg = f"no quantity {key!r}; known: {', '.join(QUANTITIES)}"
        raise KeyError(msg)
    return QUANTITIES[key]
