"""The columns of a data set that are not targets: properties of a galaxy, and features."""

from dataclasses import replace

from galmass_core.quantities.quantity import Quantity
from galmass_core.quantities.targets import APERTURES, within_radius

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
        help="Circle on the sky that holds half of the r light of all stars.",
    ),
    Quantity(
        key="effective_radius_image",
        symbol="R_e (image)",
        name="effective radius on the image",
        unit="kpc",
        kind="feature",
        per_sample=True,
        help="Semi-major axis of the ellipse that holds half of the light of the r image: the size "
        "an observer measures.",
    ),
    Quantity(
        key="sersic_n",
        symbol="n",
        name="Sérsic index",
        kind="feature",
        per_sample=True,
        help="How r light falls off within 5 R_hsm on the sky, in circular annuli: 1 as in discs, "
        "4 in ellipticals; too high where the light is flat on the sky.",
    ),
    Quantity(
        key="sersic_n_elliptical",
        symbol="n (elliptical)",
        name="Sérsic index in elliptical annuli",
        kind="feature",
        per_sample=True,
        help="How r light falls off within 5 R_hsm, in annuli of the shape of the light.",
    ),
    Quantity(
        key="light_axis_ratio",
        symbol="b/a (sky)",
        name="axis ratio of the light on the sky",
        kind="feature",
        per_sample=True,
        help="Minor over major axis of the r light inside an ellipse of 3 R_hsm on the sky.",
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

_DUST = (
    Quantity(
        key="attenuation_r",
        symbol="A_r",
        name="attenuation in r",
        unit="mag",
        per_sample=True,
        help="By how much dust dims the r light within 5 R_hsm on the sky. Above 1 a stand-in for "
        "neutral gas is too generous.",
    ),
)

_SHAPE = (
    Quantity(
        key="c_over_a",
        symbol="c/a",
        name="minor-to-major axis ratio",
        kind="feature",
        help="Thickness of the ellipsoid that the stars fill inside 3 R_hsm: 1 is a sphere. The "
        "iteration stops at steps of 0.01, about 0.01 too early.",
    ),
    Quantity(
        key="b_over_a_converged",
        symbol="b/a (converged)",
        name="intermediate-to-major axis ratio, converged",
        kind="feature",
        help="Flattening of the ellipsoid that the stars fill inside 3 R_hsm, in its plane.",
    ),
    Quantity(
        key="c_over_a_converged",
        symbol="c/a (converged)",
        name="minor-to-major axis ratio, converged",
        kind="feature",
        help="Thickness of the ellipsoid that the stars fill inside 3 R_hsm, iterated to 0.001.",
    ),
    Quantity(
        key="inclination",
        symbol="i",
        name="inclination",
        unit="deg",
        per_sample=True,
        help="Angle between the line of sight and the spin of the stars inside 2 R_hsm: "
        "0 is face-on, 90 edge-on.",
    ),
)

_JOINED = (  # from tables of kinematic decompositions
    Quantity(
        key="bulge_fraction",
        symbol="f_bulge",
        name="bulge fraction",
        kind="feature",
        help="Share of the stars that a kinematic decomposition does not count to the disc.",
    ),
    Quantity(
        key="bulge_index",
        symbol="n_bulge",
        name="Sérsic index of the bulge",
        kind="feature",
        help="How the bulge of a kinematic decomposition falls off: 1 as in discs, 4 steeply.",
    ),
)

_SKY_FEATURES = (  # of stars inside a circle
    Quantity(
        key="sfr_1gyr",
        symbol="SFR",
        name="star-formation rate",
        unit="Msun/yr",
        help="Mean over the last Gyr of the stars seen inside a circle of {r}.",
    ),
    Quantity(
        key="sigma_v",
        symbol="σ_v",
        name="velocity dispersion",
        unit="km/s",
        help="Spread of stellar velocities inside a circle of {r}, weighted by r light.",
    ),
    Quantity(
        key="lambda_r",
        symbol="λ_R",
        name="spin parameter",
        help="Share of ordered rotation in the motion seen inside a circle of {r}: 0 none, 1 all. "
        "The noise of few stars is subtracted.",
    ),
    Quantity(
        key="lambda_r_with_noise",
        symbol="λ_R (noise in)",
        name="spin parameter with the noise term",
        help="Spin parameter inside a circle of {r} with the noise of few stars, which counts as "
        "rotation: larger where galaxies have fewer stars.",
    ),
)

_ORBIT_FEATURES = (  # of stars inside a sphere
    Quantity(
        key="b_over_t",
        symbol="B/T",
        name="kinematic bulge-to-total ratio",
        help="Twice the share of stellar mass that turns against the disc in a sphere of {r}.",
    ),
    Quantity(
        key="f_cold",
        symbol="f_cold",
        name="cold-orbit fraction",
        help="Share of stellar mass on nearly circular orbits with the disc in a sphere of {r}.",
    ),
    Quantity(
        key="f_hot",
        symbol="f_hot",
        name="hot-orbit fraction",
        help="Share of stellar mass on orbits with next to no rotation in a sphere of {r}.",
    ),
    Quantity(
        key="b_over_t_light",
        symbol="B/T (light)",
        name="kinematic bulge-to-total ratio by light",
        help="Twice the share of r light of stars that turn against the disc in a sphere of {r}.",
    ),
    Quantity(
        key="f_cold_light",
        symbol="f_cold (light)",
        name="cold-orbit fraction by light",
        help="Share of r light of stars on nearly circular orbits with the disc in a sphere of "
        "{r}.",
    ),
    Quantity(
        key="f_hot_light",
        symbol="f_hot (light)",
        name="hot-orbit fraction by light",
        help="Share of r light of stars on orbits with next to no rotation in a sphere of {r}.",
    ),
)


def feature_key(stem: str, aperture: int) -> str:
    """Return the column of a feature inside ``aperture`` R_hsm; the paper's 2 is omitted."""
    return stem if aperture == 2 else f"{stem}_{aperture}rhsm"


def _feature(quantity: Quantity, aperture: int, *, per_sample: bool) -> Quantity:
    """Return it with the aperture in symbol and name, except for the paper's aperture."""
    inside = within_radius(quantity, aperture)
    shown = quantity if aperture == 2 else inside
    return replace(
        shown,
        key=feature_key(quantity.key, aperture),
        kind="feature",
        per_sample=per_sample,
        help=inside.help,
    )


FEATURES = tuple(
    _feature(quantity, aperture, per_sample=per_sample)
    for aperture in reversed(APERTURES)
    for group, per_sample in ((_SKY_FEATURES, True), (_ORBIT_FEATURES, False))
    for quantity in group
)
COLUMNS = (*_GALAXY, *_LIGHT, *_DUST, *_SHAPE, *_JOINED, *FEATURES)
