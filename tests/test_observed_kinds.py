"""Files of further surveys and packages: the disc that recedes at 37 degrees is found in each."""

import json

import numpy as np
import pytest
from astropy.io import fits
from more_survey_files import (
    write_edge,
    write_galsyn,
    write_genius,
    write_grid,
    write_hector,
    write_lone,
    write_phangs,
    write_pipe3d,
    write_rubix,
    write_simspin,
)
from survey_files import ANGLE, SYSTEMIC, Disc, write_plain
from test_observations import SHAPES, angle_between, check, read_one

from galmass_core.cli import main
from galmass_core.observations import ObservationError, Options, read_observations

SIDES = ["east", "west"]


@pytest.mark.parametrize("shape", SHAPES)
def test_hector(tmp_path, shape):
    disc = Disc(shape=shape)
    good = write_hector(tmp_path / "901_kinematics.fits.gz", disc)
    found = read_one(tmp_path / "901_kinematics.fits.gz")
    check(found, disc, good, zero=SYSTEMIC)
    assert found.centre == pytest.approx(disc.centre, abs=0.4)
    assert found.left_out["dispersion"]["on the limits of the fit (1 and 1000 km/s)"] == 1
    assert any("gives no unit" in note for note in found.notes)


@pytest.mark.parametrize("columns", SIDES)
@pytest.mark.parametrize("shape", SHAPES)
def test_phangs_has_the_centre_of_rotation(tmp_path, shape, columns):
    disc = Disc(shape=shape, columns=columns)
    seen = write_phangs(tmp_path / "NGC1_MAPS.fits", disc)
    found = read_one(tmp_path / "NGC1_MAPS.fits")
    check(found, disc, seen, zero=SYSTEMIC)
    assert found.centre == pytest.approx(disc.centre, abs=0.3)  # bins are 1 arcsec
    assert found.valid_bins < 0.8 * seen.sum()
    assert any("no image of light" in note for note in found.notes)
    gas = read_one(
        tmp_path / "NGC1_MAPS.fits",
        velocity="HA6562_VEL",
        sigma="HA6562_SIGMA",
        image="HA6562_FLUX",
    )
    assert angle_between(gas.rotation.position_angle, ANGLE + 180) < 3
    assert np.nanmedian(gas.velocity_errors) == 2.0
    assert gas.has_light


@pytest.mark.parametrize("shape", SHAPES)
def test_pipe3d(tmp_path, shape):
    disc = Disc(shape=shape, columns="east", turned=20)
    seen = write_pipe3d(tmp_path / "NGC1.fits", disc)
    found = read_one(tmp_path / "NGC1.fits")
    check(found, disc, seen, zero=3000 + SYSTEMIC)
    assert found.centre == pytest.approx(disc.centre, abs=0.4)
    assert np.nanmedian(found.dispersion_errors) == 7.0


def test_a_stack_that_does_not_describe_its_planes_asks_for_them(tmp_path):
    disc = Disc()
    seen = write_pipe3d(tmp_path / "NGC1.fits", disc, named=False)
    with pytest.raises(
        ObservationError, match=r"a stack of 6 images in extension SSP .*--velocity SSP:PLANE"
    ):
        read_one(tmp_path / "NGC1.fits")
    found = read_one(tmp_path / "NGC1.fits", velocity="SSP:2", sigma="SSP:4", image="SSP:0")
    check(found, disc, seen, zero=3000 + SYSTEMIC)
    for wrong in ("SSP:9", "SSP", "OTHER", "OTHER.fits:SSP:2"):
        with pytest.raises(ObservationError, match="--velocity must name"):
            read_one(tmp_path / "NGC1.fits", velocity=wrong)


@pytest.mark.parametrize(
    ("names", "unit", "missing", "factor"),
    [
        ({"mom0.fits": "mom0", "mom1.fits": "mom1", "mom2.fits": "mom2"}, "km/s", np.nan, 1),
        ({"mom0_binned.fits": "mom0", "mom1_binned.fits": "mom1"}, "m s-1", 0.0, 1e3),
        ({"u1_rv_bin.fits": "mom1", "u1_disp_bin.fits": "mom2"}, "KM/S", np.nan, 1),
        ({"a.fits": "mom1"}, "km.s^-1", -9999.0, 1),
        ({"NGC1.velmap0.fits": "mom1"}, "", 0.0, 1),
    ],
)
@pytest.mark.parametrize("columns", SIDES)
def test_files_of_one_map(tmp_path, names, unit, missing, factor, columns):
    disc = Disc(columns=columns, turned=-30)
    seen = write_lone(tmp_path, disc, names, unit=unit, missing=missing, factor=factor)
    found = read_one([tmp_path / name for name in names])
    assert np.count_nonzero(np.isfinite(found.velocities)) == seen.sum()
    assert angle_between(found.rotation.position_angle, ANGLE) < 3
    assert found.rotation.systemic == pytest.approx(2900 + SYSTEMIC, abs=4)
    assert found.centre == pytest.approx(disc.centre, abs=0.4)
    assert found.has_light == ("mom0" in names.values())
    if "mom2" in names.values():
        assert found.median("dispersions") == pytest.approx(np.median(disc.dispersion[seen]))


def test_a_lone_map_that_may_be_velocities_or_dispersions_is_asked_for(tmp_path):
    disc = Disc()
    seen = write_lone(tmp_path, disc, {"a.fits": "mom2", "b.fits": "mom1"})
    with pytest.raises(ObservationError, match=r"--velocity a\.fits or --sigma a\.fits"):
        read_one(tmp_path / "a.fits")
    both = [tmp_path / "a.fits", tmp_path / "b.fits"]
    found = read_one(both, velocity="b.fits", sigma="a.fits")
    assert angle_between(found.rotation.position_angle, ANGLE) < 3
    assert np.count_nonzero(np.isfinite(found.dispersions)) == seen.sum()
    with pytest.raises(ObservationError, match=r"24 velocities.*--image"):
        read_one(tmp_path / "a.fits", sigma="a.fits")


def test_a_map_that_is_named_is_not_the_light_too(tmp_path):
    disc = Disc()
    write_lone(tmp_path, disc, {"a.fits": "mom1"}, unit="")
    found = read_one(tmp_path / "a.fits", velocity="0")
    assert not found.has_light
    assert found.centre == pytest.approx(disc.centre, abs=0.4)


def test_two_maps_of_velocity_are_asked_for(tmp_path):
    disc = Disc()
    write_plain(tmp_path / "maps.fits", disc, STELLAR_VEL=disc.velocity)
    with pytest.raises(ObservationError, match="must have one map of velocity, or --velocity"):
        read_one(tmp_path / "maps.fits")


def test_a_map_in_another_unit_is_refused(tmp_path):
    write_lone(tmp_path, Disc(), {"mom1.fits": "mom1"}, unit="Angstrom")
    with pytest.raises(ObservationError, match="must be in km/s or m/s, got the unit 'Angstrom'"):
        read_one(tmp_path / "mom1.fits", velocity="mom1.fits")


@pytest.mark.parametrize("columns", SIDES)
def test_images_of_light_in_compressed_files(tmp_path, columns):
    disc = Disc(shape=(60, 61), centre=(33.2, 25.1), columns=columns)
    cards = fits.Header(disc.cards("CD").items())
    noise = np.random.default_rng(5).normal(0, 0.05, disc.shape)
    data = fits.CompImageHDU((disc.light + noise).astype("f4"), cards, name="DATA")
    flags = fits.ImageHDU((disc.y > 11).astype("u1"), name="DQ")
    fits.HDUList([fits.PrimaryHDU(), data, flags]).writeto(tmp_path / "image.fits.fz")
    found = read_one(tmp_path / "image.fits.fz")
    assert found.centre == pytest.approx(disc.centre, abs=0.3)
    assert found.left_out == {"light": {"masked": np.count_nonzero(disc.y > 11)}}
    assert (found.elements, found.maps, found.rotation) == ("pixels", (), None)


def test_bits_of_a_mask_that_do_not_mean_bad_are_kept(tmp_path):
    disc = Disc(shape=(40, 41), centre=(20.2, 18.7))
    bits = np.full(disc.shape, 32) + 2 * (disc.y > 8)
    mask = fits.ImageHDU(bits.astype("i4"), name="MASK")
    mask.header.update({"HIERARCH MP_BAD": 0, "HIERARCH MP_SAT": 1, "HIERARCH MP_DETECTED": 5})
    image = fits.ImageHDU(disc.light, fits.Header(disc.cards("CD").items()), name="IMAGE")
    variance = fits.ImageHDU(np.ones(disc.shape), name="VARIANCE")
    fits.HDUList([fits.PrimaryHDU(), image, mask, variance]).writeto(tmp_path / "hsc.fits")
    found = read_one(tmp_path / "hsc.fits")
    assert np.count_nonzero(found.valid) == np.count_nonzero(disc.y <= 8)


def test_integers_with_a_mark_of_missing_values(tmp_path):
    disc = Disc()
    whole = np.where(disc.seen, np.round(10 * disc.velocity), -32768).astype(">i2")
    velocity = fits.ImageHDU(whole, fits.Header(disc.cards("CD").items()), name="VELOCITY")
    velocity.header.update({"BLANK": -32768, "BSCALE": 0.1, "BUNIT": "km s-1"})
    light = fits.ImageHDU(disc.light, name="FLUX")
    fits.HDUList([fits.PrimaryHDU(), velocity, light]).writeto(tmp_path / "maps.fits")
    with fits.open(tmp_path / "maps.fits") as hdus:
        assert hdus[1].header["BITPIX"] == 16
    found = read_one(tmp_path / "maps.fits")
    assert np.array_equal(np.isfinite(found.velocities), disc.seen.ravel())
    assert angle_between(found.rotation.position_angle, ANGLE) < 3


def test_a_cutout_as_a_stack_of_bands(tmp_path):
    disc = Disc(shape=(80, 81), side=0.262, centre=(41.7, 37.2))
    light = 1e-3 * disc.light
    header = fits.Header(disc.cards("CD").items())
    header.update({"BANDS": "grz", "BAND0": "g", "BAND1": "r", "BAND2": "z"})
    stack = np.stack([10 ** (-0.4 * 0.6) * light, light, 2 * light])
    fits.PrimaryHDU(stack, header).writeto(tmp_path / "cutout.fits")
    found = read_one(tmp_path / "cutout.fits", effective_radius=3.0)
    assert found.centre == pytest.approx(disc.centre, abs=0.2)
    assert found.colour == pytest.approx(0.6)
    assert found.maps == ("g-r",)


@pytest.mark.parametrize("shape", SHAPES)
def test_edge_table_of_positions_far_from_the_equator(tmp_path, shape):
    disc = Disc(shape=shape, columns="west", turned=15, side=1.0)
    seen = write_edge(tmp_path / "NGC1.pipe3d.hdf5", disc)
    found = read_one(tmp_path / "NGC1.pipe3d.hdf5")
    check(found, disc, seen, zero=3400 + SYSTEMIC)
    assert found.centre == pytest.approx(disc.centre, abs=0.4)
    assert found.areas[0] == pytest.approx(1.0, rel=1e-3)


def test_text_of_a_grid_needs_scale_and_both_directions(tmp_path):
    disc = Disc()
    seen = write_grid(tmp_path / "input_1-1.txt", disc)
    with pytest.raises(ObservationError, match="--pixel ARCSEC"):
        read_one(tmp_path / "input_1-1.txt", x_axis="north", y_axis="west")
    with pytest.raises(ObservationError, match="direction of XBIN must be given"):
        read_one(tmp_path / "input_1-1.txt", pixel=0.5)
    with pytest.raises(ObservationError, match="must be at right angles, got north and north"):
        read_one(tmp_path / "input_1-1.txt", pixel=0.5, x_axis="north")
    found = read_one(tmp_path / "input_1-1.txt", pixel=0.5, x_axis="north", y_axis="west")
    check(found, disc, seen, zero=SYSTEMIC)
    assert found.left_out["velocity"] == {"without a usable error": np.count_nonzero(~seen)}
    assert found.centre == pytest.approx((0, 0), abs=1e-6)
    assert any("the centre is the origin" in note for note in found.notes)


@pytest.mark.parametrize("columns", SIDES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("start", ["OBS", "RAW"])
def test_simspin(tmp_path, shape, columns, start):
    disc = Disc(shape=shape, columns=columns)
    seen = write_simspin(tmp_path / "mock.FITS", disc, start=start)
    found = read_one(tmp_path / "mock.FITS")
    check(found, disc, seen, zero=SYSTEMIC)
    assert found.layout == "SimSpin maps"
    assert any("no instrument" in note for note in found.notes) == (start == "RAW")


@pytest.mark.parametrize("unit", ["nJy", "MJy/sr", "erg/s/cm2/A"])
def test_galsyn_needs_a_direction(tmp_path, unit):
    disc = Disc()
    seen = write_galsyn(tmp_path / "mock.fits", disc, unit=unit)
    with pytest.raises(ObservationError, match="direction of columns must be given"):
        read_one(tmp_path / "mock.fits")
    found = read_one(tmp_path / "mock.fits", x_axis="west", effective_radius=3.0)
    check(found, disc, seen, zero=SYSTEMIC)
    mirrored = read_one(tmp_path / "mock.fits", x_axis="east")
    assert angle_between(mirrored.rotation.position_angle, 360 - ANGLE) < 3
    if unit == "erg/s/cm2/A":
        assert found.bands == {}
    else:
        assert found.colour == pytest.approx(0.6)
        total = np.nansum(found.bands["r"])
        per = {"nJy": 1e-9, "MJy/sr": 1e6 * 0.25 * np.radians(1 / 3600) ** 2}[unit] / 3.631e-6
        assert total == pytest.approx(per * disc.light.sum())


def test_galaxygenius_has_images_of_one_line_of_sight(tmp_path):
    disc = Disc(shape=(40, 41), centre=(22.3, 17.9))
    write_genius(tmp_path / "galaxy_images.fits", disc)
    found = read_one(tmp_path / "galaxy_images.fits", x_axis="west", effective_radius=3.0)
    assert found.centre == pytest.approx(disc.centre, abs=0.3)
    assert found.colour == pytest.approx(0.6)
    assert found.maps == ("g-r",)
    assert any("the first of 2 lines of sight" in note for note in found.notes)
    with pytest.raises(ObservationError, match="direction of columns must be given"):
        read_one(tmp_path / "galaxy_images.fits")


@pytest.mark.parametrize("columns", SIDES)
@pytest.mark.parametrize("shape", [(15, 18), (16, 17)])
def test_rubix_cube(tmp_path, shape, columns):
    disc = Disc(shape=shape, side=1.0, centre=(8.4, 7.3), columns=columns)
    seen = write_rubix(tmp_path / "mock.fits", disc)
    found = read_one(tmp_path / "mock.fits")
    assert np.count_nonzero(np.isfinite(found.velocities)) == seen.sum()
    assert angle_between(found.rotation.position_angle, ANGLE) < 3
    relative = found.velocities + found.rotation.systemic - disc.velocity.ravel()
    assert np.nanstd(relative) < 3  # of shifts of up to 300 km/s
    assert found.maps == ("V",)


def test_a_cube_of_a_telescope_is_refused_in_one_sentence(tmp_path):
    cube = fits.ImageHDU(np.ones((7, 4, 5)), name="SCI")
    cube.header["CTYPE3"] = "LAMBDA"
    mask = fits.ImageHDU(np.zeros((4, 5), dtype="u1"), name="MASK")
    fits.HDUList([fits.PrimaryHDU(), cube, mask]).writeto(tmp_path / "cube.fits")
    with pytest.raises(ObservationError, match="got a cube of 7 channels in extension SCI"):
        read_one(tmp_path / "cube.fits")


def test_files_of_different_grids_are_different_galaxies(tmp_path):
    disc = Disc()
    write_lone(tmp_path, disc, {"a_vel.fits": "mom1", "b_vel.fits": "mom1"})
    with fits.open(tmp_path / "b_vel.fits", mode="update") as hdus:
        hdus[0].header["CRVAL1"] = 12.0
    found = read_observations([tmp_path / "a_vel.fits", tmp_path / "b_vel.fits"], Options())
    assert [each.name for each in found] == ["a_vel", "b_vel"]


def test_command_takes_the_names_of_maps_and_directions(tmp_path, capsys):
    disc = Disc()
    write_pipe3d(tmp_path / "NGC1.fits", disc, named=False)
    names = ["--velocity", "SSP:2", "--sigma", "SSP:4", "--image", "SSP:0"]
    assert main(["observe", str(tmp_path / "NGC1.fits"), *names, "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert angle_between(row["position_angle"], ANGLE) < 3
    write_grid(tmp_path / "input.txt", disc)
    where = ["--pixel", "0.5", "--x-axis", "north", "--y-axis", "west"]
    assert main(["observe", str(tmp_path / "input.txt"), *where, "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert angle_between(row["position_angle"], ANGLE) < 3
    assert main(["observe", str(tmp_path / "input.txt")]) == 2
    assert "--pixel ARCSEC" in capsys.readouterr().err
