"""More files in the layouts of surveys and other packages, of the disc of `survey_files`."""

import h5py
import numpy as np
from astropy.io import fits
from survey_files import header_of, image_hdu, repeated

LIGHT_SPEED = 299792.458  # km/s


def _write(path, primary, images):
    fits.HDUList([primary, *images]).writeto(path)


def _seen(disc, data, missing=np.nan):
    return np.where(disc.seen, data, missing)


def write_hector(path, disc):
    """Write Hector's maps: light in the primary, three axes in its header, failed fits."""
    v_error, s_error = np.full(disc.shape, 9.0), np.full(disc.shape, 11.0)
    velocity, dispersion = disc.velocity, disc.dispersion
    at = [tuple(each[k] for each in np.nonzero(disc.seen)) for k in (3, 5, 9)]
    velocity[at[0]], v_error[at[1]], dispersion[at[2]] = 2000.0, 36116.0, 1000.0
    cards = disc.cards("CDELT") | {"WCSAXES": 3, "CTYPE3": "AWAV", "CDELT3": 0.5, "Z": 0.015}
    primary = fits.PrimaryHDU(_seen(disc, disc.light), header_of(cards))
    maps = {
        "V_STAR": velocity,
        "SIG_STAR": dispersion,
        "V_GAS": -velocity,
        "BINNED_V_STAR": 0 * velocity,
        "V_STAR_ERR": v_error,
        "SIG_STAR_ERR": s_error,
        "V_GAS_ERR": v_error,
    }
    _write(path, primary, [image_hdu(_seen(disc, each), key) for key, each in maps.items()])
    good = disc.seen.copy()
    good[at[0]] = good[at[1]] = False
    return good


def write_phangs(path, disc):
    """Write the maps of PHANGS-MUSE: no light of the stars, bins, formal errors."""
    cards = disc.cards("CD")
    bins = np.where(disc.seen, np.arange(disc.seen.size).reshape(disc.shape) // 2, -1)
    maps = {
        "BIN_ID": bins,
        "V_STARS": repeated(disc.velocity.ravel(), bins),
        "FORM_ERR_V_STARS": np.full(disc.shape, 4.0),
        "SIGMA_STARS": disc.dispersion,
        "FORM_ERR_SIGMA_STARS": np.full(disc.shape, 6.0),
        "HA6562_FLUX": disc.light,
        "HA6562_VEL": -disc.velocity,
        "HA6562_VEL_ERR": np.full(disc.shape, 2.0),
        "HA6562_SIGMA": disc.dispersion / 2,
    }
    images = [image_hdu(_seen(disc, each), key, cards, ">f8") for key, each in maps.items()]
    _write(path, fits.PrimaryHDU(), images)
    return disc.seen


def write_pipe3d(path, disc, *, named=True):
    """Write Pipe3D's stack of planes: 0 outside, km cut off km/s, absolute velocities."""
    planes = {
        "pseudo V-band map": disc.light,
        " continuum segmentation file": np.arange(disc.seen.size).reshape(disc.shape),
        " velocity of the stellar population": 3000.0 + disc.velocity,
        " error in the velocity of the stellar population": np.full(disc.shape, 5.0),
        " velocity dispersion of the stellar population": disc.dispersion,
        " error in velocity dispersion of the stellar population": np.full(disc.shape, 7.0),
    }
    header = header_of(disc.cards("CD") | {"OBJECT": "NGC1"})
    if named:
        for number, words in enumerate(planes):
            header[f"DESC_{number}"] = words
            header[f"UNITS_{number}"] = " km" if "velocity" in words else " none"
    stack = np.stack([_seen(disc, each, 0.0) for each in planes.values()])
    _write(path, fits.PrimaryHDU(), [fits.ImageHDU(stack, header, name="SSP")])
    return disc.seen


def write_lone(folder, disc, names, *, unit="km/s", missing=np.nan, factor=1.0):
    """Write a file for each map, all on the same grid on the sky."""
    data = {"mom0": disc.light, "mom1": 2900.0 + disc.velocity, "mom2": disc.dispersion}
    for name, key in names.items():
        is_light = key == "mom0"
        values = _seen(disc, data[key] * (1.0 if is_light else factor), missing)
        cards = disc.cards("PC") | {"BUNIT": "Jy km/s" if is_light else unit}
        cards |= {"CTYPE2": "DEC---TAN"}
        fits.PrimaryHDU(values, header_of(cards)).writeto(folder / name)
    return disc.seen


def write_edge(path, disc, *, declination=60.0, hexagonal=False):
    """Write a table of EDGE: right ascension and declination as they are, rows fastest."""
    row, column = (each.T.ravel().astype(float) for each in np.indices(disc.shape))
    x, y, seen = disc.x.T.ravel(), disc.y.T.ravel(), disc.seen.T.ravel()
    fields = {
        "ix": column,
        "iy": row,
        "ra_abs": 180.0 + x / 3600 / np.cos(np.radians(declination)),
        "dec_abs": declination + y / 3600,
        "ra_off": x / 3600 / np.cos(np.radians(declination)),
    }
    maps = {
        "medflx_ssp": disc.light,
        "vel_ssp": 3400.0 + disc.velocity,
        "e_vel_ssp": np.full(disc.shape, 8.0),
        "vdisp_ssp": disc.dispersion,
        "e_vdisp_ssp": np.full(disc.shape, 4.0),
        "cont_segm": np.arange(seen.size).reshape(disc.shape),
    }
    fields |= {key: np.where(seen, each.T.ravel(), np.nan) for key, each in maps.items()}
    kinds = [("Name", "S7"), *((key, "<f8") for key in fields)]
    rows = np.zeros(seen.size, dtype=kinds)
    for key, values in fields.items():
        rows[key] = values
    with h5py.File(path, "w") as file:
        file["SSP"] = rows
    return disc.seen


def write_grid(path, disc):
    """Write a text whose first column is the row (north) and whose second grows to the west."""
    row, column = np.indices(disc.shape)
    seen = disc.seen.ravel()
    error = np.where(seen, 6.0, np.inf)
    columns = [
        row.ravel() - disc.centre[1],
        column.ravel() - disc.centre[0],
        np.where(seen, disc.velocity.ravel(), 0.0),
        error,
        np.where(seen, disc.dispersion.ravel(), 0.0),
        error,
    ]
    lines = ["#\tXBIN\tYBIN\tVEL\tER_VEL\tSIG\tER_SIG"]
    for number, values in enumerate(zip(*columns, strict=True), 1):
        lines.append("\t".join(map(str, (number, *map(float, values)))))
    path.write_text("\n".join(lines) + "\n")
    return disc.seen


def write_simspin(path, disc, *, start="OBS"):
    """Write SimSpin's file: cube of velocities, summary, maps with world coordinates in each."""
    seen, cards = disc.seen, disc.cards("CDELT")
    cube = fits.ImageHDU(np.zeros((5, *disc.shape)), header_of(cards), name="DATA")
    cube.header["CTYPE3"], cube.header["CUNIT3"] = "VELOCITY", "km/s"
    table = fits.BinTableHDU.from_columns([fits.Column("Name", "8A", array=["inc_deg"])])
    maps = {
        "FLUX": (disc.light * seen, "erg/s/cm**2"),
        "VEL": (disc.velocity * seen, "km/s"),
        "DISP": (disc.dispersion * seen, "km/s"),
        "H3": (0 * disc.light, "unitless"),
    }
    images = [
        image_hdu(each, f"{start}_{key}", cards | {"BUNIT": unit}, ">f8")
        for key, (each, unit) in maps.items()
    ]
    if start == "OBS":
        images.append(image_hdu(-disc.velocity * seen, "RAW_VEL", cards | {"BUNIT": "km/s"}))
    primary = fits.PrimaryHDU(header=header_of({"ORIGIN": "SimSpin", "REDSHIFT": 0.03}))
    _write(path, primary, [cube, table, *images])
    return seen


def write_galsyn(path, disc, *, colour=0.6, unit="nJy"):
    """Write GalSyn's file: kpc on the axes, PIXSIZE in arcsec, images of filters."""
    primary = fits.PrimaryHDU(disc.light)
    primary.header.update({"CUNIT1": "kpc", "CDELT1": 0.2, "PIXSIZE": disc.side, "BUNIT": unit})
    factor = {"sdss_g": 10 ** (-0.4 * colour), "sdss_r": 1.0}
    images = []
    for start in ("NODUST", "DUST"):
        for band, each in factor.items():
            cards = {"FILTER": band, "BUNIT": unit}
            images.append(image_hdu(each * disc.light, f"{start}_{band.upper()}", cards, ">f8"))
    maps = {
        "STARS_MW_VEL_LOS": 0.9 * disc.velocity,
        "STARS_VEL_DISP_LOS": disc.dispersion,
        "LW_VEL_LOS_DUST": disc.velocity,
        "LW_VEL_LOS_NEBULAR": -disc.velocity,
    }
    images += [image_hdu(_seen(disc, each), key, {"BUNIT": "km/s"}) for key, each in maps.items()]
    _write(path, primary, images)
    return disc.seen


def write_genius(path, disc, *, colour=0.6, views=2):
    """Write GalaxyGenius' images: an extension for each filter, a plane for each line of sight."""
    images = []
    for band, factor in (("u", 0.1), ("g", 10 ** (-0.4 * colour)), ("r", 1.0)):
        light = np.stack([factor * disc.light, np.ones(disc.shape)][:views])
        header = {"SURVEY": "CSST", "FILTER": band, "NUMVIEWS": views, "UNIT": "Jy"}
        header |= {"PS": disc.side, "ID": 31, "INCLI_00": 30.0, "AZIMU_00": 0.0}
        images.append(fits.ImageHDU(light, header_of(header)))
    _write(path, fits.PrimaryHDU(), images)


def write_rubix(path, disc, *, shift=None):
    """Write RUBIX's cube: absorption lines that move with the disc's velocity."""
    wavelengths = 4800.0 + 1.25 * np.arange(500)
    velocity = disc.velocity if shift is None else shift
    moved = wavelengths[:, None, None] / (1 + velocity / LIGHT_SPEED)
    spectra = 1.0 + 0.2 * (moved - 5000) / 1000
    for line in (4861.0, 4957.0, 5012.0, 5175.0, 5270.0, 5335.0):
        spectra = spectra - 0.4 * np.exp(-((moved - line) ** 2) / (2 * 2.5**2))
    degrees = disc.matrix / 3600
    cards = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CTYPE3": "AWAV", "CUNIT3": "Angstrom"}
    cards |= {f"CD{i}_{j}": degrees[i - 1, j - 1] for i in (1, 2) for j in (1, 2)}
    cards |= {"CD3_3": 1.25, "CRPIX3": 1, "CRVAL3": 4800.0, "OBJECT": "IllustrisTNG 11"}
    known = {"PIPELINE": "calc_ifu", "DIST_z": 0.1, "SIM": "IllustrisTNG", "SSP": "Mastar"}
    primary = fits.PrimaryHDU(header=header_of(known | {"LSF": 1.2}))
    cube = (spectra * np.where(disc.seen, disc.light, 0.0)).astype(">f4")
    _write(path, primary, [fits.ImageHDU(cube, header_of(cards), name="DATA")])
    return disc.seen
