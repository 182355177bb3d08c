"""A disc that recedes at 37 degrees is found in the files of every survey."""

import json

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from survey_files import (
    ANGLE,
    SYSTEMIC,
    Disc,
    write_atlas3d,
    write_califa,
    write_cutout,
    write_gist,
    write_manga,
    write_plain,
    write_sami,
)

from galmass_core.cli import main
from galmass_core.observations import ObservationError, Options, read_observations
from galmass_core.observations.centre import light_centre
from galmass_core.observations.report import format_rows, row_of
from galmass_core.observations.rotation import fit_rotation

SHAPES = [(31, 34), (32, 33)]  # odd and even


def read_one(path, **options):
    paths = path if isinstance(path, list) else [path]
    (found,) = read_observations(paths, Options(**options))
    return found


def angle_between(first, second):
    return abs((first - second + 180) % 360 - 180)


def check(found, disc, seen, *, zero=0.0, dispersions=None):
    """Check what every layout must give: the same centre, velocities and dispersions."""
    assert np.count_nonzero(np.isfinite(found.velocities)) == np.count_nonzero(seen)
    rotation = found.rotation
    assert angle_between(rotation.position_angle, ANGLE) < 3
    assert rotation.position_angle_error < 3
    assert rotation.systemic == pytest.approx(zero, abs=4)
    assert found.median("dispersions") == pytest.approx(
        np.median(disc.dispersion[seen if dispersions is None else dispersions]), abs=0.5
    )
    known = np.isfinite(found.velocities)
    angle = np.radians(ANGLE)
    along = found.x * np.sin(angle) + found.y * np.cos(angle)
    assert np.corrcoef(along[known], found.velocities[known])[0, 1] > 0.9


@pytest.mark.parametrize("shape", SHAPES)
def test_manga_maps(tmp_path, shape):
    disc = Disc(shape=shape)
    good = write_manga(tmp_path / "maps.fits.gz", disc)
    found = read_one(tmp_path / "maps.fits.gz")
    check(found, disc, good, zero=SYSTEMIC)
    assert found.left_out["velocity"] == {"masked": np.count_nonzero(~good)}
    assert found.centre == pytest.approx(disc.centre, abs=0.4)
    assert (found.effective_radius, found.zero_velocity) == (4.0, 8000.0)
    assert 0.5 * good.sum() <= found.valid_bins < 0.6 * good.sum()  # of the stars, not of the gas
    assert found.notes == (
        "dispersions are not corrected for the instrument: STELLAR_SIGMACORR is 0 everywhere",
    )


def test_manga_dispersions_are_corrected_where_the_file_says_how(tmp_path):
    disc = Disc()
    correction = np.where(disc.radii < 2, 200.0, 30.0)
    good = write_manga(tmp_path / "maps.fits", disc, correction=[correction, 0 * correction])
    found = read_one(tmp_path / "maps.fits")
    kept = good & (disc.radii >= 2)
    values = found.dispersions[np.isfinite(found.dispersions)]
    assert values == pytest.approx(np.sqrt(disc.dispersion[kept] ** 2 - 900), rel=1e-5)
    assert found.left_out["dispersion"]["not above the correction for the instrument"] == (
        np.count_nonzero(good & ~kept)
    )


@pytest.mark.parametrize("signal", ["SNR", "SN"])
@pytest.mark.parametrize("shape", SHAPES)
def test_sami_pair(tmp_path, shape, signal):
    disc = Disc(shape=shape)
    v_good, s_good = write_sami(tmp_path, disc, signal=signal)
    found = read_one([tmp_path / "209_sig.fits", tmp_path / "209_vel.fits"])
    check(found, disc, v_good, zero=SYSTEMIC, dispersions=s_good)
    assert np.count_nonzero(np.isfinite(found.dispersions)) == np.count_nonzero(s_good)
    unseen = np.count_nonzero(~disc.seen)
    assert found.left_out == {
        "velocity": {"not observed": unseen, "error of 30 km/s or more": 1, "S/N of 3 or less": 1},
        "dispersion": {
            "not observed": unseen,
            "without a usable error": 1,
            "35 km/s or less: below the instrument's limit": 1,
            "error of a tenth + 25 km/s or more": 1,
            "S/N of 3 or less": 1,
        },
    }
    assert found.zero_velocity == pytest.approx(0.05 * 299792.458)
    assert found.centre == pytest.approx(disc.centre, abs=0.4)


def test_a_sami_file_alone_is_read_and_says_what_is_missing(tmp_path):
    write_sami(tmp_path, Disc())
    found = read_one(tmp_path / "209_vel.fits")
    assert found.maps == ("V",)
    assert found.notes == ("no file of dispersion maps was given",)


@pytest.mark.parametrize("shape", SHAPES)
def test_sauron_table_grows_to_the_west(tmp_path, shape):
    disc = Disc(shape=shape, side=0.8)
    seen = write_atlas3d(tmp_path / "NGC1.fits", disc)
    found = read_one(tmp_path / "NGC1.fits")
    check(found, disc, seen, zero=1750 + SYSTEMIC)
    assert found.median("velocities") == pytest.approx(1750 + np.median(disc.velocity[seen]))
    assert (found.elements, found.zero_velocity) == ("bins", 0.0)
    assert found.centre == pytest.approx((0, 0), abs=0.3)
    mirrored = read_one(tmp_path / "NGC1.fits", x_axis="east")
    assert angle_between(mirrored.rotation.position_angle, 360 - ANGLE) < 3


@pytest.mark.parametrize("shape", SHAPES)
def test_califa_table(tmp_path, shape):
    disc = Disc(shape=shape)
    seen = write_califa(tmp_path / "NGC1.fits", disc)
    found = read_one(tmp_path / "NGC1.fits")
    check(found, disc, seen, zero=2850 + SYSTEMIC)
    assert found.left_out["velocity"] == {
        "not used by the survey (-999.9)": np.count_nonzero(~seen)
    }
    assert len(found.x) == seen.sum()
    assert found.valid_bins < 0.7 * seen.sum()


@pytest.mark.parametrize("shape", SHAPES)
def test_gist_pair_needs_a_direction(tmp_path, shape):
    disc = Disc(shape=shape)
    seen, bins = write_gist(tmp_path, disc)
    with pytest.raises(ObservationError, match="--x-axis east or --x-axis west"):
        read_one(tmp_path / "NGC1_kin.fits")
    found = read_one([tmp_path / "NGC1_kin.fits", tmp_path / "NGC1_table.fits"], x_axis="west")
    assert np.count_nonzero(found.valid) == seen.sum()
    assert found.valid_bins == len(np.unique(bins[seen]))
    assert found.left_out["velocity"] == {"masked": np.count_nonzero(~seen)}
    assert angle_between(found.rotation.position_angle, ANGLE) < 3
    assert found.rotation.systemic == pytest.approx(0, abs=4)
    values = np.full(bins.max() + 1, np.nan)
    values[bins[seen]] = found.velocities.reshape(shape)[seen] + found.rotation.systemic
    expected = np.bincount(bins[seen], disc.velocity[seen] - SYSTEMIC) / np.bincount(bins[seen])
    assert values[bins[seen]] == pytest.approx(expected[bins[seen]])


def test_a_masked_spaxel_of_bin_0_is_told_by_the_mask_file(tmp_path):
    disc = Disc()
    seen, bins = write_gist(tmp_path, disc, mask_file=True, zero_is_hidden=True)
    found = read_one(tmp_path / "NGC1_table.fits", x_axis="west")
    assert np.array_equal(np.isfinite(found.velocities), seen.ravel())
    (tmp_path / "NGC1_mask.fits").unlink()
    found = read_one(tmp_path / "NGC1_table.fits", x_axis="west")
    assert np.array_equal(np.isfinite(found.velocities), (seen & (bins > 0)).ravel())
    assert "bin 0 is left out" in found.notes[0]


def test_centre_of_a_cutout_is_not_the_brightest_pixel_nor_the_middle(tmp_path):
    disc = Disc(shape=(120, 121), side=0.262, centre=(64.2, 52.1))
    write_cutout(tmp_path / "cutout.fits", disc)
    found = read_one(tmp_path / "cutout.fits", effective_radius=3.0)
    assert found.centre == pytest.approx(disc.centre, abs=0.5)
    assert found.colour == pytest.approx(0.6, abs=0.01)
    assert found.left_out["light"] == {"without weight": 3}
    bright = disc.light * 2e-3 * 10 ** (-0.4 * 0.6) > 3e-3  # in g, of an error of 1e-3
    (count,) = found.left_out["colour"].values()
    assert count == pytest.approx(np.count_nonzero(~bright), rel=0.03)
    assert (found.maps, found.rotation, found.elements) == (("g-r",), None, "pixels")


@pytest.mark.parametrize("columns", ["east", "west"])
@pytest.mark.parametrize(("dialect", "turned"), [("CD", 0), ("CD", 60), ("PC", -25), ("CDELT", 0)])
def test_plain_maps_with_world_coordinates_of_every_dialect(tmp_path, dialect, turned, columns):
    disc = Disc(columns=columns, turned=turned)
    seen = write_plain(tmp_path / "maps.fits", disc, dialect=dialect, cards={"RE": 5.0})
    found = read_one(tmp_path / "maps.fits")
    check(found, disc, seen, zero=SYSTEMIC)
    assert found.effective_radius == 5.0
    assert found.centre == pytest.approx(disc.centre, abs=0.4)
    with pytest.raises(ObservationError, match="leave out --x-axis"):
        read_one(tmp_path / "maps.fits", x_axis="west")


def test_plain_maps_without_world_coordinates_need_a_scale_and_a_direction(tmp_path):
    disc = Disc()
    write_plain(tmp_path / "bare.fits", disc, dialect="")
    with pytest.raises(ObservationError, match="world coordinates, or PIXSCALE"):
        read_one(tmp_path / "bare.fits", x_axis="west")
    write_plain(tmp_path / "maps.fits", disc, dialect="", cards={"PIXSCALE": 0.5})
    with pytest.raises(ObservationError, match="direction of columns must be given"):
        read_one(tmp_path / "maps.fits")
    found = read_one(tmp_path / "maps.fits", x_axis="west")
    assert angle_between(found.rotation.position_angle, ANGLE) < 3


def test_fits_that_failed_are_left_out_of_plain_maps(tmp_path):
    disc = Disc()
    where = np.nonzero(disc.seen)
    at = [(where[0][k], where[1][k]) for k in range(40, 47)]
    velocity, dispersion = (
        np.where(disc.seen, v, np.nan) for v in (disc.velocity, disc.dispersion)
    )
    v_error, mask = np.full(disc.shape, 5.0), np.zeros(disc.shape)
    velocity[at[0]], velocity[at[1]], v_error[at[2]] = 2000.0, -1500.0, 0.0
    dispersion[at[0]], dispersion[at[3]], dispersion[at[4]] = 1000.0, 0.0, 40.0
    mask[at[5]], v_error[at[6]] = 1, np.inf
    write_plain(
        tmp_path / "maps.fits",
        disc,
        cards={"SIGLIMIT": 50.0, "ZEROVEL": 0.0},
        VELOCITY=velocity,
        DISPERSION=dispersion,
        VELOCITY_ERROR=v_error,
        MASK=mask,
    )
    found = read_one(tmp_path / "maps.fits")
    unseen = np.count_nonzero(~disc.seen)
    limits = "on the limits of the fit"
    assert found.left_out["velocity"] == {
        "masked": 1,
        "not a number": unseen,
        "without a usable error": 2,
        f"{limits} (1000 km/s or more from the median)": 2,
    }
    assert found.left_out["dispersion"] == {
        "masked": 1,
        "not a number": unseen,
        f"{limits} (1 and 1000 km/s)": 2,
        "50 km/s or less: below the instrument's limit": 1,
    }
    assert found.notes == ()


def test_position_angle_of_noise_has_a_large_error():
    rng = np.random.default_rng(3)
    x, y = rng.uniform(-5, 5, (2, 300))
    found = fit_rotation(x, y, rng.normal(0, 30, 300), np.full(300, 30.0), np.full(300, -1))
    assert found.position_angle_error > 15
    assert found.systemic == pytest.approx(0, abs=8)


def test_errors_of_the_fit_hold_with_noise_and_wild_velocities():
    rng, deviations = np.random.default_rng(4), []
    disc = Disc(shape=(20, 20), centre=(9.5, 9.5))
    x, y = disc.x.ravel(), disc.y.ravel()
    for _ in range(12):
        velocity = disc.velocity.ravel() + rng.normal(0, 25, x.size)
        velocity[rng.integers(0, x.size, 5)] = 600.0
        found = fit_rotation(x, y, velocity, np.full(x.size, 25.0), np.full(x.size, -1))
        deviations += [
            (found.position_angle - ANGLE) / found.position_angle_error,
            (found.systemic - SYSTEMIC) / found.systemic_error,
        ]
    assert 0.4 < np.sqrt(np.mean(np.square(deviations))) < 1.6


def test_few_spectra_have_a_systemic_velocity_only():
    found = fit_rotation(*np.zeros((2, 3)), np.array([1.0, 2.0, 9.0]), *np.full((2, 3), -1.0))
    assert found.systemic == 2.0
    assert np.isnan(found.position_angle)


def test_centre_of_light_in_half_a_field_is_near_the_peak():
    x, y = (each.ravel() for each in np.meshgrid(np.arange(-3.0, 12.0), np.arange(-8.0, 4.0)))
    found = light_centre(x, y, np.exp(-np.hypot(x - 0.3, y + 0.2) / 2), 1.0)
    assert found == pytest.approx((0.3, -0.2), abs=0.3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda path, disc: write_plain(path, disc, FLUX=None, VELOCITY=None),
            "must have an image of light or 24 velocities",
        ),
        (
            lambda path, disc: write_plain(path, disc, FLUX=np.ones((3, 3))),
            r"FLUX must be an image of the shape \(31, 34\), as the others, got the shape \(3, 3\)",
        ),
        (
            lambda path, disc: write_plain(path, disc, FLUX=0 * disc.light),
            "must have light in the valid field",
        ),
        (
            lambda path, disc: write_plain(
                path,
                disc,
                VELOCITY=np.nan * disc.light,
                DISPERSION=0 * disc.light,
                FLUX=np.nan * disc.light,
            ),
            "must hold at least one valid element, got none of 1054",
        ),
        (lambda path, disc: write_plain(path, disc, cards={"RE": -1.0}), "RE must be a positive"),
        (
            lambda path, disc: write_plain(path, disc, cards={"CUNIT1": "m"}),
            "CUNIT1 must be one of",
        ),
        (
            lambda path, disc: write_plain(path, disc, VELOCITY=None, DISPERSION=None, FLUX=None),
            "must be one of MaNGA DAP maps",
        ),
        (lambda path, disc: path.write_bytes(b"no FITS"), "must be a whole FITS file"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_its_name(tmp_path, change, message):
    path = tmp_path / "maps.fits"
    change(path, Disc())
    with pytest.raises(ObservationError, match=message) as raised:
        read_one(path)
    assert str(path) in str(raised.value)


@pytest.mark.parametrize("name", ["maps.fits", "maps.fits.gz"])
def test_a_truncated_file_is_refused(tmp_path, name):
    path = tmp_path / name
    write_manga(path, Disc())
    content = path.read_bytes()
    path.write_bytes(content[: int(0.6 * len(content))])
    with pytest.raises(ObservationError, match="must be a whole FITS file"):
        read_one(path)


def test_wrong_combinations_of_files_are_refused(tmp_path):
    write_gist(tmp_path, Disc())
    (tmp_path / "NGC1_kin.fits").rename(tmp_path / "other.fits")
    with pytest.raises(ObservationError, match=r"must be given with NGC1_kin\.fits"):
        read_one(tmp_path / "NGC1_table.fits", x_axis="west")
    write_sami(tmp_path, Disc())
    (tmp_path / "copy.fits").write_bytes((tmp_path / "209_vel.fits").read_bytes())
    with pytest.raises(ObservationError, match="must be the only velocity map of 209"):
        read_one([tmp_path / "209_vel.fits", tmp_path / "copy.fits"])
    with pytest.raises(FileNotFoundError, match="no such file"):
        read_one(tmp_path / "absent.fits")


def test_a_bin_that_does_not_exist_is_refused(tmp_path):
    write_gist(tmp_path, Disc())
    with fits.open(tmp_path / "NGC1_table.fits", mode="update") as hdus:
        hdus[1].data["BIN_ID"][7] = 5000
    with pytest.raises(ObservationError, match=r"BIN_ID must be below .* got 5000"):
        read_one(tmp_path / "NGC1_kin.fits", x_axis="west")


def test_command_prints_a_table_json_and_writes_csv(tmp_path, capsys):
    write_manga(tmp_path / "maps.fits", Disc())
    write_sami(tmp_path, Disc())
    files = [str(tmp_path / name) for name in ("maps.fits", "209_vel.fits", "209_sig.fits")]
    assert main(["observe", *files]) == 0
    text = capsys.readouterr().out
    assert "masked (" in text
    assert main(["observe", *files, "--json", "--out", str(tmp_path / "out.csv")]) == 0
    content = json.loads(capsys.readouterr().out)
    assert [row["galaxy"] for row in content["rows"]] == ["1-1", "209 (unbinned)"]
    assert [row["effective_radius"] for row in content["rows"]] == [4.0, None]
    table = pd.read_csv(tmp_path / "out.csv")
    assert set(table["galaxy"]) == {"1-1", "209 (unbinned)"}
    assert table["position_angle"].to_numpy() == pytest.approx(np.full(4, ANGLE), abs=3)


def test_command_refuses_in_one_sentence(tmp_path, capsys):
    write_gist(tmp_path, Disc())
    assert main(["observe", str(tmp_path / "NGC1_kin.fits")]) == 2
    assert "galmass: " in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["observe", str(tmp_path / "NGC1_kin.fits"), "--re", "-1"])
    capsys.readouterr()
    assert main(["observe", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert said == f"galmass: {tmp_path}: must be a file, is a folder: name the files in it\n"


REAL = [  # files, options, layout, V, sigma, bins, centre, median V, median sigma, PA, its error
    (
        ["manga-7815-3702-MAPS-HYB10-GAU-MILESHC.fits.gz"],
        {},
        ("MaNGA", 773, 773, 497, (21, 21), -4.1, 64.4, 166.5, 6),
    ),
    (
        [
            "209807_A_stellar-velocity-dispersion_default_two-moment.fits",
            "209807_A_stellar-velocity_default_two-moment.fits",
        ],
        {},
        ("SAMI", 578, 539, 585, (24.5, 24.5), -21, 98.9, 173, 4),
    ),
    (
        ["209807_A_stellar-velocity_adaptive_two-moment.fits"],
        {},
        ("SAMI", 834, 0, 180, (24.5, 24.5), -38.2, None, 173, 4),
    ),
    (
        ["NGC4570_4moments_ATLAS3d.fits"],
        {},
        ("SAURON", 1517, 1517, 1517, (0, 0), 1764.4, 112.4, 159, 3),
    ),
    (
        ["NGC0000Example_kin.fits", "NGC0000Example_table.fits"],
        {"x_axis": "west"},
        ("GIST", 842, 842, 28, (0, 0), 0.5, 80.8, None, None),
    ),
]


@pytest.mark.parametrize(("names", "options", "expected"), REAL, ids=lambda each: str(each)[:18])
def test_real_files_have_the_values_that_were_measured_by_hand(
    shared_data, names, options, expected
):
    folder = shared_data / "surveys"
    if not folder.is_dir():
        pytest.skip(f"no observations at {folder}")
    layout, v, sigma, bins, centre, median_v, median_sigma, angle, error = expected
    found = read_one([folder / name for name in names], **options)
    print(f"{names[0]}: expected {expected}")  # with -s, the table of the documentation
    print(format_rows([row_of(found)]))
    assert found.layout.startswith(layout)
    assert np.count_nonzero(np.isfinite(found.velocities)) == v
    assert np.count_nonzero(np.isfinite(found.dispersions)) == sigma
    assert found.valid_bins == bins
    assert found.centre == pytest.approx(centre, abs=0.35)
    assert found.median("velocities") == pytest.approx(median_v, abs=0.5)
    assert abs(found.rotation.systemic - median_v) < 25
    if median_sigma:
        assert found.median("dispersions") == pytest.approx(median_sigma, abs=0.1)
    if angle:
        assert angle_between(found.rotation.position_angle, angle) <= error


def test_real_cutout(shared_data):
    path = shared_data / "surveys" / "legacy_cutout_59.1067_-30.4848_gr.fits"
    if not path.is_file():
        pytest.skip(f"no observation at {path}")
    found = read_one(path, effective_radius=2.6)
    assert found.centre == pytest.approx((64.2, 64.1), abs=3)  # its nominal place: 0.8 arcsec off
    assert found.colour == pytest.approx(0.56, abs=0.01)


def test_numbers_of_bins_are_whole(tmp_path):
    write_califa(tmp_path / "NGC1.fits", Disc())
    for wrong, shown in ((2.5, "2.5"), (1e300, r"1e\+300"), (np.nan, "nan")):
        with fits.open(tmp_path / "NGC1.fits", mode="update") as hdus:
            used = np.flatnonzero(hdus[1].data["VPXF"] > 0)[0]
            hdus[1].data["BIN_ID"][used] = wrong
        with pytest.raises(ObservationError, match=rf"BIN_ID must be whole numbers, got {shown}"):
            read_one(tmp_path / "NGC1.fits")


def test_damaged_files_are_read_or_refused(tmp_path):
    write_manga(tmp_path / "maps.fits", Disc())
    write_califa(tmp_path / "table.fits", Disc())
    write_plain(tmp_path / "plain.fits", Disc())
    rng, refused = np.random.default_rng(7), {}
    for number in range(60):
        original = tmp_path / ("maps.fits", "table.fits", "plain.fits")[number % 3]
        content = bytearray(original.read_bytes())
        for _ in range(rng.integers(1, 6)):
            end = min(len(content), rng.choice([2880, 8640, len(content)]))
            content[rng.integers(end)] = rng.choice(list(b"0123456789T='-E ()[\xff"))
        path = tmp_path / f"{number}.fits"
        path.write_bytes(content)
        try:
            read_one(path)
        except ObservationError as error:
            refused[str(path)] = str(error)
    assert 0 < len(refused) < 60
    assert all(path in sentence for path, sentence in refused.items())
