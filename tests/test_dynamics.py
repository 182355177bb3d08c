"""Masses by stellar dynamics: spheres of known mass, integrals done slowly, and the command."""

import itertools
import json

import numpy as np
import pandas as pd
import pytest
from known_galaxies import MASS, SIZE, inclined, sphere
from oblique import AXIS_RATIO, INCLINATION, SPEED, oblique_maps
from sample_tables import make_dataset, make_samples
from scipy.integrate import quad
from scipy.special import beta as complete_beta
from scipy.special import betainc
from toy_maps import make_map_dataset

from galmass_core import api
from galmass_core.cli import main
from galmass_core.datasets.shards import PROFILE_COLUMNS
from galmass_core.dynamics import light
from galmass_core.dynamics.annuli import Profile, light_annuli, measure_profile, velocity_annuli
from galmass_core.dynamics.estimates import estimate_masses, estimate_one
from galmass_core.dynamics.fit import fit_jeans
from galmass_core.dynamics.inclination import LEAST, THINNEST, axis_ratio, squared_sine
from galmass_core.dynamics.jeans import ANISOTROPIES, kernel, quadrature, tables, unit_moments
from galmass_core.dynamics.virial import virial_mass, wolf_mass
from galmass_core.galaxy import G
from galmass_core.imaging.maps import GalaxyMaps
from galmass_core.networks.presets import TrainingConfig
from galmass_core.training.model_runs import train_run

SCALE = 1 / (1 + 2**0.5)  # of a Hernquist sphere, over the radius of half of its mass


def density(r):
    return SCALE / (2 * np.pi * r * (r + SCALE) ** 3)


def mass(r):
    return (r / (r + SCALE)) ** 2


def slow_moment(radius, beta):
    """Return Σ <v²> / G of a Hernquist sphere: first along the radius, then along the sight."""

    def radial(r):
        inner = quad(lambda s: s ** (2 * beta - 2) * density(s) * mass(s), r, np.inf, epsrel=1e-9)
        return r ** (-2 * beta) * inner[0]

    def along(z):
        r = np.hypot(radius, z)
        return 2 * (1 - beta * radius**2 / r**2) * radial(r)

    ends = itertools.pairwise((0, 0.3, 1, 5, 100))
    return sum(quad(along, *each, epsrel=1e-7)[0] for each in ends)


@pytest.mark.parametrize("beta", [-1.0, 0.0, 0.4])
def test_projections_are_those_of_slow_integrals(beta):
    radii = np.array([0.03, 0.4, 2.5])
    r_JQ, weights_BJQ = quadrature(radii, np.array([beta]))
    ours = (weights_BJQ[0] * density(r_JQ) * mass(r_JQ)).sum(axis=1)
    np.testing.assert_allclose(ours, [slow_moment(each, beta) for each in radii], rtol=1e-3)


def test_the_kernel_is_that_of_mamon_and_lokas():
    u = np.array([1.01, 1.5, 4.0, 100.0])
    np.testing.assert_allclose(kernel(np.arccosh(u), 0.0), np.sqrt(1 - u**-2.0), rtol=1e-9)
    beta = 0.75  # of Eq. A16 with incomplete beta functions, which need β above 1/2

    def partial(a):
        return betainc(a, 0.5, u**-2.0) * complete_beta(a, 0.5)

    whole = (1.5 - beta) * complete_beta(beta - 0.5, 0.5)
    closed = 0.5 * u ** (2 * beta - 1) * (whole + beta * partial(beta + 0.5) - partial(beta - 0.5))
    np.testing.assert_allclose(kernel(np.arccosh(u), beta), closed, rtol=1e-9)


def surface(radii):
    """Return the surface brightness of a Hernquist sphere by a slow integral."""

    def along(z, radius):
        return 2 * density(np.hypot(radius, z))

    return [quad(along, 0, np.inf, args=(radius,))[0] for radius in radii]


@pytest.fixture(scope="module")
def amplitudes():
    annuli = light_annuli(3.0, 300)
    rings = np.geomspace(0.005, 4.3, 60)
    middles = 0.5 * (annuli.edges[1:] + annuli.edges[:-1])
    brightness = np.exp(np.interp(np.log(middles), np.log(rings), np.log(surface(rings))))
    return light.fit_light(annuli.shares @ brightness, 3.0, 300)


@pytest.mark.parametrize("beta", [-0.5, 0.0, 0.4])
def test_mass_and_anisotropy_of_an_analytic_sphere_are_recovered(amplitudes, beta):
    annuli = velocity_annuli(3.0, 96)
    middles = 0.5 * (annuli.edges[1:] + annuli.edges[:-1])
    r_JQ, weights_BJQ = quadrature(middles, np.array([beta]))
    moments = (weights_BJQ[0] * density(r_JQ) * mass(r_JQ)).sum(axis=1)
    brightness_A = annuli.shares @ surface(middles)
    squares = G * MASS / SIZE * (annuli.shares @ moments) / brightness_A
    many = np.full(len(squares), 10_000)
    profile = Profile(
        light=np.array([]),
        squares=squares,
        rotation=np.zeros(len(squares)),
        stars=many,
        counted=many,
        brightness=many.astype(float),
    )
    fit = fit_jeans(profile, amplitudes, tables(3.0, 96), half_mass_radius=SIZE)
    assert fit.log_total == pytest.approx(np.log10(MASS / 2), abs=np.log10(1.03))
    assert fit.log_total_other == pytest.approx(fit.log_total)
    assert fit.anisotropy == pytest.approx(beta, abs=0.15)
    np.testing.assert_allclose(fit.model, squares, rtol=0.05)


def test_a_gaussian_in_a_wide_halo_has_the_dispersion_of_a_constant_pull():
    amplitudes = np.zeros(len(light.GAUSSIANS))
    amplitudes[8] = 5e9
    stars_BA, halo_SBA = unit_moments(amplitudes, tables(3.0, 96))
    assert stars_BA.shape == (len(ANISOTROPIES), 12)
    # the centre of an NFW halo pulls with g = G M(<1), and <r g> / 3 is the mean of one direction
    s = light.GAUSSIANS[8]
    expected = G * s * (8 / np.pi) ** 0.5 / 3
    weights = velocity_annuli(3.0, 96).pixels * tables(3.0, 96).light[8]
    for moments_A in halo_SBA[-1]:  # whatever the anisotropy
        assert np.average(moments_A, weights=weights) == pytest.approx(expected, rel=0.03)


@pytest.fixture(scope="module")
def hernquist():
    return sphere()


def test_an_isotropic_hernquist_sphere_is_recovered_to_3_percent(hernquist):
    maps, true = hernquist
    found = estimate_one(maps)
    assert found["failure"] == ""
    assert 10 ** found["log_mtot_jeans"] == pytest.approx(true, rel=0.03)
    assert 10 ** found["log_mstar_jeans"] == pytest.approx(true, rel=0.1)
    assert found["f_dm_jeans"] < 0.1
    assert abs(found["beta"]) < 0.2
    assert 0 < found["log_mtot_jeans_error"] < 0.02


def test_virial_and_wolf_masses_of_the_sphere_have_their_accuracy(hernquist):
    maps, true = hernquist
    found = estimate_one(maps)
    assert found["re"] == pytest.approx(1.8153 * SIZE, rel=0.2)  # much light is outside the frame
    assert 10 ** found["log_mtot_wolf"] == pytest.approx(true, rel=0.25)
    assert 10 ** found["log_mtot_virial"] == pytest.approx(true, rel=0.35)
    # <v²> of the sphere is G M / 18 a, so that Wolf's mass is 0.403 M instead of 0.5 M
    whole = G * MASS / 18 / SIZE
    assert wolf_mass(whole, 1.8153 * SIZE) == pytest.approx(0.4034 * MASS, rel=1e-3)
    assert virial_mass(whole, 1.0) == pytest.approx(2.5 / 4 * wolf_mass(whole, 1.0))


def test_a_sphere_in_a_dark_halo_is_recovered_to_5_percent():
    maps, true = sphere(halo_mass=5e12)
    found = estimate_one(maps)
    assert true > 0.75 * MASS  # a third and more of it dark
    assert 10 ** found["log_mtot_jeans"] == pytest.approx(true, rel=0.05)
    assert found["f_dm_jeans"] == pytest.approx(1 - 0.5 * MASS / true, abs=0.15)


def test_the_axes_and_the_rotation_of_an_oblique_disc_are_found():
    maps = oblique_maps(300, 96)
    assert axis_ratio(maps) == pytest.approx(AXIS_RATIO, abs=0.02)
    amplitude = SPEED * np.sin(np.radians(INCLINATION))
    # the cosine is in the sky's angle, not in the disc's, so that it falls short by an eighth
    np.testing.assert_allclose(measure_profile(maps).rotation[3:8], amplitude, rtol=0.15)


@pytest.mark.parametrize("degrees", [45, 60])
@pytest.mark.parametrize("subhalo", ["1", "3"])
def test_discs_are_recovered_to_10_percent_once_their_inclination_counts(subhalo, degrees):
    maps, true = inclined(subhalo, degrees)
    assert 10 ** estimate_one(maps)["log_mtot_inclined"] == pytest.approx(true, rel=0.1)


def test_an_inclination_is_that_of_a_flattened_spheroid():
    for degrees in (25, 50, 80):
        sine, cosine = np.sin(np.radians(degrees)), np.cos(np.radians(degrees))
        ratio = np.sqrt(cosine**2 + (THINNEST * sine) ** 2)
        assert squared_sine(ratio) == pytest.approx(sine**2)
    assert squared_sine(1.0) == LEAST
    assert squared_sine(0.1) == 1


def test_a_sphere_without_rotation_has_the_same_mass_inclined(hernquist):
    found = estimate_one(hernquist[0])
    assert found["log_mtot_inclined"] == pytest.approx(found["log_mtot_jeans"], abs=0.02)


def test_masses_scale_with_velocities_squared_and_forget_the_systemic_one(hernquist):
    maps, _ = hernquist
    count, w, wv, wv2 = maps.moments_CHW.astype(float)
    moved = np.stack([count, w, 2 * wv + 300 * w, 4 * wv2 + 1200 * wv + 9e4 * w])
    other = GalaxyMaps(
        flux_CHW=maps.flux_CHW,
        moments_CHW=moved,
        half_mass_radius=maps.half_mass_radius,
        half_width=maps.half_width,
    )
    one, two = estimate_one(maps), estimate_one(other)
    for key in ("log_mtot_jeans", "log_mtot_virial", "log_mtot_wolf"):
        assert two[key] - one[key] == pytest.approx(np.log10(4), abs=1e-4)


def test_annuli_hold_all_pixels_of_the_circle_once():
    annuli = velocity_annuli(3.0, 96)
    middles = (np.arange(96) + 0.5) / 16 - 3
    inside = np.hypot(middles, middles[:, None]) < 3
    assert annuli.pixels.sum() == inside.sum()
    np.testing.assert_allclose(annuli.shares.sum(axis=1), 1)
    few = velocity_annuli(3.0, 8)
    assert (few.pixels > 0).all()
    assert 3 < len(few.pixels) < 12


def test_galaxies_without_enough_stars_fail_with_a_reason(hernquist):
    maps, _ = hernquist
    empty = GalaxyMaps(
        flux_CHW=maps.flux_CHW,
        moments_CHW=np.zeros_like(maps.moments_CHW),
        half_mass_radius=maps.half_mass_radius,
        half_width=maps.half_width,
    )
    found = estimate_one(empty)
    assert found["failure"] == "fewer than 5 annuli have 10 stars"
    assert found["failure_axisymmetric"] == found["failure"]
    assert np.isnan(found["log_mtot_axisymmetric"])
    assert np.isnan(found["log_mtot_jeans"])
    assert np.isnan(found["log_mtot_wolf"])
    dark = GalaxyMaps(
        flux_CHW=np.zeros_like(maps.flux_CHW),
        moments_CHW=maps.moments_CHW,
        half_mass_radius=maps.half_mass_radius,
        half_width=maps.half_width,
    )
    assert estimate_one(dark)["failure"] == "fewer than 10 annuli of the r image have light"
    assert not measure_profile(dark).light.any()


def test_true_masses_inside_r_e_are_those_of_a_power_law_between_coarse_radii(tmp_path):
    radii = np.geomspace(0.25, 50, 5)
    columns = {"radius": radii, "mdm": 1e8 * radii**2.5, "mtot": 1e9 * radii**2}
    profiles = pd.DataFrame({key: columns.get(key, np.nan) for key in PROFILE_COLUMNS}, range(5))
    data = make_map_dataset(tmp_path / "blobs", 1, profiles=profiles)
    found = estimate_masses(data)
    log_size = np.log10(found["re"])
    np.testing.assert_allclose(found["true_log_mtot_re"], 9 + 2 * log_size, atol=1e-5)
    np.testing.assert_allclose(found["true_f_dm_re"], 10 ** (0.5 * log_size - 1), rtol=1e-5)
    half = 9 + 2 * (log_size + np.log10(4 / 3))
    np.testing.assert_allclose(found["true_log_mtot_half_light"], half, atol=1e-5)


@pytest.fixture
def dataset(tmp_path, monkeypatch):
    monkeypatch.setenv("GALMASS_HOME", str(tmp_path))
    return make_map_dataset(tmp_path / "blobs", 30)


def test_the_command_puts_estimates_beside_a_run_on_its_test_set(dataset, tmp_path, capsys):
    run = api.train(dataset, "mtot/features", out=tmp_path / "runs" / "trees")
    out = tmp_path / "masses.csv"
    assert main(["dynamics", "blobs", "trees", "--out", str(out), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    table = pd.read_csv(out)
    tested = run.predictions().query("part == 'test'")
    assert {*zip(table["name"], table["los"], strict=True)} == {
        *zip(tested["name"], tested["los"], strict=True)
    }
    rows = {(row["method"], row["target"], row["inside"]): row for row in printed["rows"]}
    trees, jeans = (rows[each, "log_mtot", "R_hsm"] for each in ("trees", "Jeans"))
    assert trees["n"] == jeans["n"] + jeans["failed"] == len(table) == printed["n"]
    error = (table["log_mtot_jeans"] - table["true_log_mtot_1rhsm"]).dropna()
    assert jeans["std"]["value"] == pytest.approx(error.std(ddof=0))
    assert jeans["mean"]["value"] == pytest.approx(error.mean())
    assert jeans["difference"]["value"] == pytest.approx(
        jeans["std"]["value"] - trees["std"]["value"], abs=1e-6
    )
    assert printed["runs"] == ["trees"]
    assert rows["Jeans", "log_mtot", "R_e"]["n"] == 0  # no profiles in these files
    assert main(["dynamics", "blobs", "trees"]) == 0
    text = capsys.readouterr().out
    assert "Δσ [95 %]" in text
    assert "true half-mass radius" in text


def test_without_a_run_all_samples_are_measured_and_the_table_says_nothing_of_runs(dataset, capsys):
    assert main(["dynamics", "blobs"]) == 0
    text = capsys.readouterr().out
    assert "Δσ" not in text
    assert "Wolf" in text
    assert "The frame of the maps is ±3 R_hsm." in text
    table = estimate_masses(dataset, [4, 0])
    assert table["name"].tolist() == dataset.samples["name"].iloc[[4, 0]].tolist()
    alone = estimate_masses(dataset, [0])
    assert table["log_mtot_wolf"].iloc[1] == alone["log_mtot_wolf"].iloc[0]


def test_a_network_for_every_set_of_maps_counts_as_three_and_f_dm_follows_from_masses(
    dataset, tmp_path, capsys
):
    tiny = TrainingConfig(width=0.03, epochs=1, batch=30, learning_rate=2e-3)
    train_run(
        dataset, "mstar,mtot/any@60", training=tiny, path=tmp_path / "runs" / "any", device="cpu"
    )
    assert main(["dynamics", "blobs", "any", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert [name.partition(":")[2] for name in printed["runs"]] == ["r+2V", "2V", "r"]
    shown = {
        (row["method"], row["target"]) for row in printed["rows"] if row["method"][:3] == "any"
    }
    assert shown == {
        (name, target) for name in printed["runs"] for target in ("log_mtot", "log_mstar", "f_dm")
    }
    for row in printed["rows"]:
        first = row["method"] == printed["runs"][0]
        assert (row["difference"] is None) == (first or row["inside"] != "R_hsm" or not row["n"])
    assert main(["dynamics", "blobs", "any:2V", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["runs"] == ["any:2V"]


def test_a_run_without_masses_is_refused(dataset, tmp_path, capsys):
    api.train(dataset, "ml/features", out=tmp_path / "runs" / "ratios")
    assert main(["dynamics", "blobs", "ratios"]) == 2
    assert "run ratios must predict M_tot, M* or f_DM inside R_hsm" in capsys.readouterr().err


def test_a_data_set_without_maps_is_refused(tmp_path):
    tables_only = make_dataset(tmp_path / "tables", make_samples(3))
    with pytest.raises(ValueError, match="must have maps for stellar dynamics, got only tables"):
        estimate_masses(tables_only)
