from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from astropy import units
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS
from conftest import make_galaxy

from galmass_core.datasets.fits_files import maps_as_fits, table_as_fits
from galmass_core.imaging.maps import MapConfig, render_maps
from galmass_core.quantities import QUANTITIES, map_keys

SAMPLE = {
    "name": "TNG/TNG100-1/99/501761",
    "los": "y",
    "redshift": 0.0,
    "half_mass_radius": 2.0,
    "effective_radius": np.nan,
}


@pytest.fixture(scope="module")
def maps():
    """One bright star 1 kpc to the right of the centre, and 39 in the middle."""
    stars = np.zeros((40, 3))
    stars[:, :] = np.random.default_rng(5).normal(0, 0.01, (40, 3))
    stars[0] = [0.0, 1.0, 0.0]  # seen along x, y points to the right
    galaxy = make_galaxy(stars, half_mass_radius=2.0)
    return render_maps(galaxy, "x", MapConfig(dust="none"))


@pytest.fixture(scope="module")
def hdus(maps):
    with fits.open(BytesIO(maps_as_fits(maps, SAMPLE)), memmap=False) as opened:
        opened.verify("exception")
        yield opened


def test_file_holds_the_four_maps_as_they_are(maps, hdus):
    assert [hdu.name for hdu in hdus[1:]] == [key.upper() for key in map_keys()]
    for key in map_keys():
        np.testing.assert_array_equal(hdus[key].data, maps.meaningful(key))


def test_every_map_says_its_unit(hdus):
    found = [units.Unit(hdu.header["BUNIT"]) for hdu in hdus[1:]]
    speed = units.km / units.s
    assert found == [units.Lsun / units.pix, units.mag, speed, speed]


def test_star_lies_where_it_is_in_kpc(hdus):
    v = hdus["V"]
    row, column = np.argwhere(np.isfinite(v.data))[-1]
    world = WCS(v.header)
    assert list(world.wcs.cunit) == [units.kpc, units.kpc]
    x, y = world.pixel_to_world_values(column, row)
    pixel = 12.0 / 48
    assert abs(x - 1.0) <= pixel / 2
    assert abs(y) <= pixel / 2


def test_maps_of_different_sides_cover_the_same_frame(hdus):
    for hdu in hdus[1:]:
        low, high = (
            WCS(hdu.header).pixel_to_world_values(at, at)[0] for at in (-0.5, hdu.shape[0] - 0.5)
        )
        assert (low, high) == pytest.approx((-6.0, 6.0))


def test_header_names_the_galaxy_and_leaves_out_what_is_not_known(hdus):
    header = hdus[0].header
    assert [header[key] for key in ("SUITE", "SIM", "SNAPSHOT", "SUBHALO", "LOS")] == [
        *SAMPLE["name"].split("/"),
        "y",
    ]
    assert header["R_HSM"] == 2.0
    assert "R_E" not in header


def test_table_comes_back_with_units():
    table = pd.DataFrame(
        {"name": ["a", "b"], "log_mstar": [10.5, np.nan], "effective_radius": [3.0, 4.5]},
        index=[7, 3],
    )
    content = table_as_fits(table, {"DATASET": "toys"})
    back = Table.read(BytesIO(content), hdu=1)
    assert list(back["name"]) == ["a", "b"]
    np.testing.assert_array_equal(np.ma.filled(back["log_mstar"], np.nan), table["log_mstar"])
    assert back["effective_radius"].unit == units.kpc
    assert back["log_mstar"].unit is None
    assert back.meta["DATASET"] == "toys"
    header = fits.getheader(BytesIO(content), 1)
    assert header["TCOMM2"] == "log10 of stellar mass [Msun]"


def test_every_quantity_can_be_written():
    table = pd.DataFrame({key: [1.0] for key in QUANTITIES})
    back = Table.read(BytesIO(table_as_fits(table, {})), hdu=1)
    assert back.colnames == list(QUANTITIES)


def test_what_is_missing_is_missing_in_fits():
    columns = {
        "is_central": pd.array([None, False], dtype="boolean"),
        "host_group": pd.array([999999, None], dtype="Int64"),
        "label": pd.array(["x", None], dtype="string"),
        "kept": [True, False],
    }
    content = table_as_fits(pd.DataFrame(columns), {})
    with fits.open(BytesIO(content)) as hdus:
        assert [str(form) for form in hdus[1].columns.formats] == ["I", "K", "1A", "L"]
    table = Table.read(BytesIO(content), hdu=1)
    assert table["is_central"].tolist() == [None, 0]
    assert table["host_group"].tolist() == [999999, None]
    assert np.ma.getmaskarray(table["label"]).tolist() == [False, True]
    assert table["kept"].tolist() == [True, False]
