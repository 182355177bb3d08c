"""Small files in the layouts of surveys, all of the same rotating disc with a hole and bad values.

The disc recedes at a position angle of 37 degrees; its centre is not in the middle of the array.
"""

from dataclasses import dataclass, field

import numpy as np
from astropy.io import fits

ANGLE = 37.0  # degrees from north through east
SYSTEMIC = 23.0  # km/s
SPEED = 150.0  # km/s
RADIUS = 3.0  # arcsec, scale length of light and rotation


@dataclass
class Disc:
    """The disc on a grid of pixels of a side in arcsec, whose columns grow to the west or east."""

    shape: tuple[int, int] = (31, 34)  # rows, columns
    side: float = 0.5
    columns: str = "west"
    centre: tuple[float, float] = (15.4, 16.3)  # column, row
    turned: float = 0.0  # degrees by which the grid is rotated on the sky
    x: np.ndarray = field(init=False)  # arcsec to the east of the centre
    y: np.ndarray = field(init=False)

    def __post_init__(self):
        row, column = np.indices(self.shape)
        offsets = np.array([column - self.centre[0], row - self.centre[1]])
        self.x, self.y = np.tensordot(self.matrix, offsets, axes=1)

    @property
    def matrix(self):
        """Arcsec to the east and to the north of a step along columns and along rows."""
        angle = np.radians(self.turned)
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        sign = 1 if self.columns == "east" else -1
        return turn @ np.diag([sign * self.side, self.side])

    @property
    def radii(self):
        return np.hypot(self.x, self.y)

    @property
    def velocity(self):
        angle = np.radians(ANGLE)
        along = self.x * np.sin(angle) + self.y * np.cos(angle)
        return SYSTEMIC + SPEED * along / np.hypot(self.radii, RADIUS)

    @property
    def dispersion(self):
        return 60.0 + 90.0 * np.exp(-self.radii / RADIUS)

    @property
    def light(self):
        return 100.0 * np.exp(-self.radii / RADIUS)

    @property
    def seen(self):
        """The field, a circle around another place, with a hole; the centre is inside."""
        field_of_view = np.hypot(self.x - 0.8, self.y + 0.6) < 6.5
        hole = (np.abs(self.x + 2) < 1) & (np.abs(self.y - 2) < 0.8)
        return field_of_view & ~hole

    def cards(self, dialect="CD"):
        """Return world coordinates in one of their dialects, for the first pixel as reference."""
        degrees = self.matrix / 3600
        cards = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 135.0, "CRVAL2": 0.1}
        cards |= {"CRPIX1": -100.0, "CRPIX2": 7.0}
        numbers = {f"{i}_{j}": degrees[i - 1, j - 1] for i in (1, 2) for j in (1, 2)}
        if dialect == "CD":
            return cards | {"CDELT1": 1.0} | {f"CD{key}": each for key, each in numbers.items()}
        if dialect == "PC":
            return (
                cards | {"CDELT1": 1.0, "CDELT2": 1.0} | {f"PC{k}": v for k, v in numbers.items()}
            )
        assert not self.turned
        return cards | {"CDELT1": degrees[0, 0], "CDELT2": degrees[1, 1]}


def header_of(cards):
    header = fits.Header()
    header.update(cards)
    return header


def image_hdu(data, name, cards=None, kind=">f4"):
    return fits.ImageHDU(np.asarray(data).astype(kind), header_of(cards or {}), name=name)


def write_manga(path, disc, *, correction=None, masked_light=True):
    """Write MaNGA's maps: 0 where masked, the masks' bit 30, bins in channels, PC matrix."""
    seen, cards = disc.seen, disc.cards("PC")
    mask = np.where(seen, 0, 2**30 + 2**1)
    mask[seen & (disc.radii > 6)] = 2**30 + 2**4
    good = mask == 0
    zero = np.where(good, disc.velocity, 0.0)
    light = np.where(seen | masked_light, disc.light, 0.0)
    ivar = np.where(good, 5.0**-2, 0.0)
    bins = np.where(good, np.arange(good.size).reshape(good.shape) // 2, -1)
    zero = np.where(good, repeated(zero, bins), 0.0)
    corr = np.zeros(disc.shape) if correction is None else np.asarray(correction)
    primary = fits.PrimaryHDU()
    primary.header.update({"PLATEIFU": "1-1", "REFF": 4.0, "SCINPVEL": 8000.0})
    emission = np.where(good, disc.velocity, -9527.647)
    fits.HDUList(
        [
            primary,
            image_hdu([disc.x, disc.y], "SPX_SKYCOO", cards),
            image_hdu(light, "SPX_MFLUX", cards),
            image_hdu(
                [bins, bins, *3 * [np.arange(good.size).reshape(good.shape)]], "BINID", kind=">i4"
            ),
            image_hdu(zero, "STELLAR_VEL", cards),
            image_hdu(ivar, "STELLAR_VEL_IVAR"),
            image_hdu(mask, "STELLAR_VEL_MASK", kind=">i4"),
            image_hdu(np.where(good, disc.dispersion, 0.0), "STELLAR_SIGMA"),
            image_hdu(ivar, "STELLAR_SIGMA_IVAR"),
            image_hdu(mask, "STELLAR_SIGMA_MASK", kind=">i4"),
            image_hdu(corr, "STELLAR_SIGMACORR"),
            image_hdu([emission], "EMLINE_GVEL"),
        ]
    ).writeto(path)
    return good


def repeated(values, bins):
    """Return the mean value of each bin in all its spaxels."""
    flat = bins.ravel() + 1
    means = np.bincount(flat, values.ravel()) / np.maximum(np.bincount(flat), 1)
    return means[bins + 1]


def write_sami(folder, disc, *, signal="SNR"):
    """Write SAMI's pair: NaN where not observed; bad errors, fits on a limit, small dispersions.

    Returns which velocities and which dispersions the usual cuts leave.
    """
    seen = disc.seen
    v_error, s_error = np.full(disc.shape, 8.0), np.full(disc.shape, 12.0)
    noise = np.full(disc.shape, 20.0)
    dispersion, velocity = disc.dispersion, disc.velocity
    rows, columns = np.nonzero(seen & (disc.radii > 4))
    at = [(rows[k], columns[k]) for k in range(6)]
    v_error[at[0]], noise[at[1]] = 45.0, 2.0
    velocity[at[0]] = 356.0
    dispersion[at[2]], s_error[at[2]] = 0.59, 1.8e-16
    dispersion[at[3]], s_error[at[4]] = 30.0, 120.0
    v_good, s_good = seen.copy(), seen.copy()
    v_good[at[0]] = v_good[at[1]] = False
    s_good[at[1]] = s_good[at[2]] = s_good[at[3]] = s_good[at[4]] = False
    cards = disc.cards("CDELT") | {"CATID": "209", "Z_IN": 0.05, "UNIT": "km/s"}
    for name, data, error in (("VEL", velocity, v_error), ("SIG", dispersion, s_error)):
        described = {"DESCRIPT": f"{name} map (unbinned)"}
        primary = fits.PrimaryHDU(np.where(seen, data, np.nan), header_of(cards | described))
        others = {f"{name}_ERR": error, "FLUX": disc.light, signal: noise}
        images = [image_hdu(np.where(seen, each, np.nan), key) for key, each in others.items()]
        fits.HDUList([primary, *images]).writeto(folder / f"209_{name.lower()}.fits")
    return v_good, s_good


def _table(columns, cards=None, name=None):
    found = [
        fits.Column(name=key, array=each, format="J" if each.dtype.kind == "i" else "D")
        for key, each in columns.items()
    ]
    return fits.BinTableHDU.from_columns(found, header_of(cards or {}), name=name)


def write_atlas3d(path, disc):
    """Write a table of bins: absolute velocities, A to the west, no spaxels."""
    seen = disc.seen
    count = np.count_nonzero(seen)
    columns = {
        "A": -disc.x[seen],
        "D": disc.y[seen],
        "VPXF": 1750.0 + disc.velocity[seen],
        "SPXF": disc.dispersion[seen],
        "EVPXF": np.full(count, 5.0),
        "ESPXF": np.full(count, 7.0),
        "FLUX": disc.light[seen],
        "NO": np.arange(1, count + 1),
        "BINSIZE": np.ones(count, int),
    }
    fits.HDUList([fits.PrimaryHDU(), _table(columns)]).writeto(path)
    return seen


def write_califa(path, disc):
    """Write a table of spaxels: -999.9 in every column of those that are not used."""
    seen = disc.seen
    values = {
        "X": -disc.x,
        "Y": disc.y,
        "FLUX": disc.light,
        "BIN_ID": 1.0 + np.arange(seen.size).reshape(seen.shape) // 2,
        "VPXF": 2850.0 + disc.velocity,
        "DVPXF": np.full(seen.shape, 5.0),
        "SPXF": disc.dispersion,
        "DSPXF": np.full(seen.shape, 6.0),
        "Vp": disc.velocity,
    }
    columns = {key: np.where(seen, each, -999.9).ravel() for key, each in values.items()}
    primary = fits.PrimaryHDU(header=header_of({"OBJECT": "NGC1"}))
    fits.HDUList([primary, _table(columns)]).writeto(path)
    return seen


def write_gist(folder, disc, *, block=2, mask_file=False, zero_is_hidden=False):
    """Write GIST's pair: bins of blocks of spaxels; masked ones have minus the nearest bin.

    With ``zero_is_hidden`` a masked spaxel's nearest bin is 0, which looks good.
    """
    seen = disc.seen
    row, column = np.indices(disc.shape) // block
    labels = row * (disc.shape[1] // block + 1) + column
    known = np.unique(labels[seen])
    bins = np.searchsorted(known, labels).clip(0, len(known) - 1)
    sizes = np.bincount(bins[seen], minlength=len(known))
    hidden = np.zeros_like(seen)
    signed = np.where(seen, bins, -np.maximum(bins, 1))
    if zero_is_hidden:
        hidden[np.nonzero(~seen)[0][0], np.nonzero(~seen)[1][0]] = True
        signed[hidden] = 0
    means = {
        key: np.bincount(bins[seen], each[seen]) / sizes
        for key, each in {
            "V": disc.velocity - SYSTEMIC,
            "SIGMA": disc.dispersion,
            "x": disc.x,
            "y": disc.y,
        }.items()
    }
    kin = {
        "V": means["V"],
        "SIGMA": means["SIGMA"],
        "FORM_ERR_V": np.full(len(known), 1.5),
        "FORM_ERR_SIGMA": np.full(len(known), 2.5),
    }
    table = {
        "ID": np.arange(seen.size),
        "BIN_ID": signed.ravel(),
        "X": -disc.x.ravel(),
        "Y": disc.y.ravel(),
        "FLUX": disc.light.ravel(),
        "XBIN": -means["x"][bins].ravel(),
        "NSPAX": sizes[bins].ravel(),
    }
    cards = {"PIXSIZE": disc.side}
    primary = fits.PrimaryHDU(header=header_of(cards))
    fits.HDUList([fits.PrimaryHDU(), _table(kin)]).writeto(folder / "NGC1_kin.fits")
    fits.HDUList([primary, _table(table)]).writeto(folder / "NGC1_table.fits")
    if mask_file:
        masks = {"MASK": (~seen | hidden).ravel().astype(int)}
        fits.HDUList([fits.PrimaryHDU(), _table(masks)]).writeto(folder / "NGC1_mask.fits")
    return seen, bins


def write_cutout(path, disc, *, neighbour=True, colour=0.6):
    """Write a cutout: image and inverse variance in g and r, and a brighter object at an edge."""
    rng = np.random.default_rng(1)
    r = 0.2 * np.exp(-disc.radii / RADIUS) + 1e-3 * rng.normal(size=disc.shape)
    if neighbour:
        r[0, 5] = 2.0
    hdus = [fits.PrimaryHDU()]
    for band, factor in (("g", 10 ** (-0.4 * colour)), ("r", 1.0)):
        weight = np.full(disc.shape, 1e6)
        weight[-1, -3:] = 0.0
        for kind, data in (("image", factor * r), ("invvar", weight)):
            cards = disc.cards() | {"BAND": band, "IMAGETYP": kind}
            hdus.append(fits.ImageHDU(data.astype(">f4"), header_of(cards)))
    fits.HDUList(hdus).writeto(path)


def write_plain(path, disc, *, dialect="CD", cards=None, **images):
    """Write a plain file; ``images`` replace its own, None leaves one out."""
    seen = disc.seen
    own = {
        "VELOCITY": np.where(seen, disc.velocity, np.nan),
        "DISPERSION": np.where(seen, disc.dispersion, np.nan),
        "FLUX": disc.light,
    } | images
    header = (disc.cards(dialect) if dialect else {}) | (cards or {})
    primary = fits.PrimaryHDU(header=header_of(header))
    hdus = [image_hdu(each, key, kind=">f8") for key, each in own.items() if each is not None]
    fits.HDUList([primary, *hdus]).writeto(path)
    return seen
