"""Instruments of surveys: what a camera or a fibre bundle does to light and velocities.

Sources of the values stand in ``docs/concepts/telescope.md``, which is a table of `TELESCOPES`.
"""

from dataclasses import dataclass

MOFFAT = 4.765  # exponent of turbulent air (Trujillo et al. 2001, MNRAS 328, 977)
PRIMARY = 1.5  # half-light radii that two thirds of MaNGA's bundles reach (Bundy et al. 2015)


@dataclass(frozen=True, kw_only=True)
class Camera:
    """An image in g and r.

    Attributes
    ----------
    pixel : float, arcsec
    seeing : tuple of float, arcsec
        Full width at half maximum of the point-spread function in g and r.
    moffat : float
        Exponent of Moffat's profile; 0 for a Gaussian.
    depth : tuple of float, mag
        AB magnitudes of a point source at five times the noise, in g and r.
    """

    pixel: float
    seeing: tuple[float, float]
    moffat: float = MOFFAT
    depth: tuple[float, float]

    def __post_init__(self) -> None:
        _check(self, "pixel", "seeing")


@dataclass(frozen=True, kw_only=True)
class Spectrograph:
    """Spectra of a field, in spatial elements of a cube.

    Attributes
    ----------
    spaxel : float, arcsec
        Side of an element.
    seeing : float, arcsec
        Full width at half maximum of the point-spread function of the cube.
    moffat : float
        As of `Camera`.
    fields : tuple of float, arcsec
        Diameters of the fields that there are, between corners of a hexagon; each galaxy has the
        smallest that reaches ``reach``, else the largest.
    hexagon : bool
        Whether a field is a hexagon; else it is a circle.
    reach : float
        Half-light radii.
    depth : float
        Signal to noise per Ångström of one square arcsec of 23 mag/arcsec² in r.
    least : float
        Signal to noise per Ångström below which an element is not used.
    bins : float
        That of an adaptive bin; 0 for none.
    dispersion : float, km/s
        Of the instrument; it is subtracted in quadrature from the dispersion that is measured.
    """

    spaxel: float
    seeing: float
    moffat: float = 0.0
    fields: tuple[float, ...]
    hexagon: bool = True
    reach: float = PRIMARY
    depth: float
    least: float
    bins: float
    dispersion: float

    def __post_init__(self) -> None:
        _check(self, "spaxel", "seeing", "depth")
        if not self.fields or min(self.fields) <= 0:
            msg = f"fields must be positive (arcsec), got {self.fields}"
            raise ValueError(msg)


@dataclass(frozen=True, kw_only=True)
class Telescope:
    """What a survey sees of a galaxy at a redshift.

    Attributes
    ----------
    name : str
    redshift : float
    camera : Camera
    spectrograph : Spectrograph or None
        V and σ stay as they are without one.
    """

    name: str
    redshift: float
    camera: Camera
    spectrograph: Spectrograph | None = None

    def __post_init__(self) -> None:
        _check(self, "redshift")


def _check(instrument: object, *names: str) -> None:
    """Raise ValueError unless some numbers are positive."""
    for name in names:
        value = getattr(instrument, name)
        if not all(0 < one < float("inf") for one in (value if type(value) is tuple else (value,))):
            msg = f"{type(instrument).__name__}.{name} must be positive, got {value}"
            raise ValueError(msg)


_SDSS = Camera(pixel=0.396, seeing=(1.44, 1.32), depth=(22.2, 22.2))
_MANGA_DEPTH = 5 / 3.1416**0.5  # 5 per fibre of 2 arcsec
TELESCOPES = {
    each.name: each
    for each in (
        Telescope(
            name="MaNGA",
            redshift=0.037,
            camera=_SDSS,
            spectrograph=Spectrograph(
                spaxel=0.5,
                seeing=2.54,
                fields=(12.0, 17.0, 22.0, 27.0, 32.0),
                depth=_MANGA_DEPTH,
                least=1.0,
                bins=10.0,
                dispersion=72.0,
            ),
        ),
        Telescope(
            name="SAMI",
            redshift=0.05,
            camera=_SDSS,
            spectrograph=Spectrograph(
                spaxel=0.5,
                seeing=2.1,
                fields=(15.0,),
                hexagon=False,
                depth=_MANGA_DEPTH,
                least=1.0,
                bins=10.0,
                dispersion=70.3,
            ),
        ),
        Telescope(
            name="CALIFA",
            redshift=0.015,
            camera=_SDSS,
            spectrograph=Spectrograph(
                spaxel=1.0,
                seeing=2.5,
                fields=(74.0,),
                depth=_MANGA_DEPTH,
                least=3.0,
                bins=20.0,
                dispersion=72.0,
            ),
        ),
        Telescope(name="SDSS", redshift=0.1, camera=_SDSS),
        Telescope(
            name="HSC",
            redshift=0.1,
            camera=Camera(pixel=0.168, seeing=(0.79, 0.75), depth=(26.5, 26.5)),
        ),
    )
}


def preset(name: str) -> Telescope:
    """Return a preset by its name, in capitals or not.

    Raises
    ------
    ValueError
        If there is none; the message lists the known ones.
    """
    for key, found in TELESCOPES.items():
        if key.lower() == name.lower():
            return found
    msg = f"preset must be one of {', '.join(TELESCOPES)}, got {name!r}"
    raise ValueError(msg)
