"""Axisymmetric Jeans models: Gaussians by slow integrals, and galaxies of known mass."""

import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from known_galaxies import inclined, sphere
from toy_maps import make_map_dataset

from galmass_core.cli import main
from galmass_core.dynamics.axisymmetric import fit_axisymmetric, inclinations
from galmass_core.dynamics.comparison import failures
from galmass_core.dynamics.ellipses import Ellipses, Image, measure_motion
from galmass_core.dynamics.estimates import estimate_one
from galmass_core.dynamics.jam import JAM, require_jampy
from galmass_core.dynamics.light import NoFitError
from galmass_core.dynamics.oblate import Gaussians, second_moments
from galmass_core.galaxy import G

MASS = 1e10  # Msun


def gaussian(total, size, ratio):
    return Gaussians(*(np.array([each]) for each in (total, size, ratio)))


def nodes(low, high, count=48):
    places, weights = np.polynomial.legendre.leggauss(count)
    return low + 0.5 * (high - low) * (1 + places), 0.5 * (high - low) * weights


def forces(radius, height, size, ratio):
    """Return the pull of a Gaussian along R and z from its homoeoids (Binney & Tremaine 2008)."""
    angle, weights = nodes(0, np.pi / 2)
    tau, weights = np.tan(angle) ** 2, weights * 2 * np.tan(angle) / np.cos(angle) ** 2
    radius, height = radius[..., None], height[..., None]
    squares = radius**2 / (1 + tau) + height**2 / (ratio**2 + tau)
    density = MASS / ((2 * np.pi) ** 1.5 * size**3 * ratio)
    weights = weights * 2 * np.pi * G * ratio * density / ((1 + tau) * np.sqrt(ratio**2 + tau))
    falls = weights * np.exp(-0.5 * squares / size**2)
    pulls = (falls * radius / (1 + tau), falls * height / (ratio**2 + tau))
    return tuple(each.sum(axis=-1) for each in pulls)


def slow_moment(x, y, light, mass, sine2, b):
    """Return Σ <v²> by Jeans' equations, solved along z and then along the line of sight."""
    size, ratio = light

    def density(radius, height):
        inside = np.exp(-0.5 * (radius**2 + height**2 / ratio**2) / size**2)
        return inside / ((2 * np.pi) ** 1.5 * size**3 * ratio)

    def pressure(radius, height):
        above, weights = nodes(0, 8 * size * ratio)
        heights = height[:, None] + above
        radii = np.broadcast_to(radius[:, None], heights.shape)
        return (density(radii, heights) * forces(radii, heights, *mass)[1]) @ weights

    sight, weights = nodes(-6 * size, 6 * size)
    sine, cosine = np.sqrt(sine2), np.sqrt(1 - sine2)
    radius, height = np.hypot(x, y * cosine - sight * sine), np.abs(y * sine + sight * cosine)
    own, step = pressure(radius, height), 1e-3 * radius
    slope = (pressure(radius + step, height) - pressure(radius - step, height)) / (2 * step)
    pull = radius * density(radius, height) * forces(radius, height, *mass)[0]
    around = b * (radius * slope + own) + pull
    share = (x / radius) ** 2
    flat = b * own * (1 - share) + around * share
    return (own * (1 - sine2) + flat * sine2) @ weights


@pytest.mark.parametrize(
    ("light", "mass", "sine2", "b"),
    [
        ((1.0, 0.6), (0.7, 0.4), 0.6, 1.6),
        ((1.0, 0.9), (3.0, 0.8), 0.3, 1.0),
        ((0.5, 0.3), (0.4, 0.35), 0.9, 0.8),
    ],
)
def test_moments_of_gaussians_are_those_of_slow_integrals(light, mass, sine2, b):
    x, y = np.array([0.8, 0.1]), np.array([0.3, 0.2])
    first, second = second_moments(gaussian(1.0, *light), gaussian(MASS, *mass), x, y, sine2)[:, 0]
    slow = [slow_moment(*each, light, mass, sine2, b) for each in zip(x, y, strict=True)]
    np.testing.assert_allclose(first + b * second, slow, rtol=1e-3)


def test_one_gaussian_moves_in_its_own_analytic_potential():
    size = 2.0
    radii, weights = nodes(0, 9 * size)
    for sine2 in (0.2, 1.0):  # a sphere looks alike from everywhere
        angles, around = nodes(0, np.pi / 2, 12)
        x, y = np.outer(radii, np.cos(angles)).ravel(), np.outer(radii, np.sin(angles)).ravel()
        one, two = second_moments(gaussian(1.0, size, 1.0), gaussian(MASS, size, 1.0), x, y, sine2)
        whole = 4 * (one + two)[0] @ np.outer(weights * radii, around).ravel()
        # Φ = -G M erf(r / √2 s) / r, of which the energy is -G M² / (2 √π s), and 2 K + W = 0
        assert whole == pytest.approx(G * MASS / (6 * np.pi**0.5 * size), rel=1e-3)


def test_the_mass_of_flat_gaussians_inside_a_sphere_is_that_of_a_count():
    both = Gaussians(np.array([2.0, 1.0]), np.array([1.0, 0.5]), np.array([0.2, 1.0]))
    draws = np.random.default_rng(1).standard_normal((2, 200_000, 3))
    draws *= both.sizes[:, None, None] * np.array([[[1, 1, 0.2]], [[1, 1, 1]]])
    share = (np.linalg.norm(draws, axis=2) < 0.9).mean(axis=1)
    assert both.enclosed(0.9) == pytest.approx(both.totals @ share, rel=5e-3)
    assert both.enclosed(50.0) == pytest.approx(3.0)


def test_inclinations_are_those_at_which_a_thickness_has_the_axis_ratio():
    for squared_sine, _ in inclinations(0.5):
        depth2 = (0.5**2 - (1 - squared_sine)) / squared_sine
        assert 0.06**2 < depth2 < 0.5**2
    (thin, chance), *_, (round_one, likely) = inclinations(0.95)
    assert thin < round_one  # a thin disc is seen from above
    assert chance > 0 < likely


@pytest.mark.parametrize("seed", [1, 2])
def test_an_isotropic_hernquist_sphere_is_recovered_to_3_percent(seed):
    maps, true = sphere(seed=seed)
    found = estimate_one(maps)
    assert found["failure_axisymmetric"] == ""
    assert 10 ** found["log_mtot_axisymmetric"] == pytest.approx(true, rel=0.03)
    assert 10 ** found["log_mstar_axisymmetric"] == pytest.approx(true, rel=0.1)
    assert found["f_dm_axisymmetric"] < 0.1
    assert abs(found["beta_z"]) < 0.25


@pytest.mark.parametrize(
    ("subhalo", "degrees"), [("1", 45), ("1", 75), ("3", 60), ("3", 90), ("4", 60)]
)
def test_discs_are_recovered_to_10_percent(subhalo, degrees):
    maps, true = inclined(subhalo, degrees)
    assert 10 ** fit_axisymmetric(maps, 1.0).log_total == pytest.approx(true, rel=0.1)


def test_turning_the_frame_by_37_degrees_changes_nothing_but_pixels():
    one, two = (fit_axisymmetric(inclined("3", 60, turned)[0], 1.0) for turned in (0.0, 37.0))
    assert two.log_total == pytest.approx(one.log_total, abs=np.log10(1.02))
    assert two.dark == pytest.approx(one.dark, abs=one.dark_error)
    np.testing.assert_allclose(two.model[3:], one.model[3:], rtol=0.1)


@pytest.fixture(scope="module")
def disc():
    return inclined("3", 60)[0]


def test_bins_hold_the_stars_and_the_light_of_their_pixels(disc):
    ellipses = Ellipses(ratio=0.6, position_angle=90.0, half_width=3.0)
    motion = measure_motion(disc, ellipses)
    np.testing.assert_allclose(motion.shares.sum(axis=1), 1)
    x, y = ellipses.places(96)
    inside = np.hypot(x, y / 0.6) < 3
    assert motion.measured.counted.sum() == disc.moments_CHW[0].ravel()[inside].sum()
    # a field that is linear in the logarithm of the distance is interpolated without error
    field = np.log(np.hypot(motion.x, motion.y / 0.6))
    light = disc.moments_CHW[1].astype(float).ravel()
    far = np.hypot(x, y / 0.6)
    outermost = (far > 0.72 * 3) & inside
    mean = np.average(np.log(far[outermost]), weights=light[outermost])
    own = motion.measured.brightness[-3:]
    assert np.average(motion.shares[-3:] @ field, weights=own) == pytest.approx(mean)


def test_gaussians_have_the_light_of_the_image(disc):
    image = Image(disc, Ellipses(ratio=0.57, position_angle=90.0, half_width=3.0))
    found = image.fit(np.ones(len(image.sizes), dtype=bool))
    total = disc.flux_CHW[1].astype(float).sum()
    assert total < found.sum() < 1.3 * total  # somewhat beyond the frame
    assert (found >= 0).all()


def test_failures_are_counted_with_their_reasons(disc):
    lonely = replace(disc, moments_CHW=disc.moments_CHW * (disc.moments_CHW[0] > 60))
    with pytest.raises(NoFitError, match="fewer than 5 annuli have 10 stars"):
        fit_axisymmetric(lonely, 1.0)
    with pytest.raises(NoFitError, match="the r image has no axes"):
        fit_axisymmetric(replace(disc, flux_CHW=0 * disc.flux_CHW), 1.0)
    table = pd.DataFrame(
        {"failure": ["", "", "none", ""], "failure_axisymmetric": ["few", "few", "none", ""]}
    )
    assert failures(table) == {"axisymmetric models alone: few": 2, "none": 1}
    table["failure_jam"] = ["few", "few", "none", "JamPy says: no"]
    assert failures(table)["JAM alone: JamPy says: no"] == 1
    assert sum(failures(table).values()) == 4


class JamPy:
    """A stand-in for jampy: every star moves with the mass, in (km/s)² for 1e5 Msun."""

    def __init__(self):
        self.axi = self
        self.calls = []

    def proj(self, *, model_lum_proj, model_pot_proj, xbin, beta, inc, **_):
        peak, size, ratio = model_pot_proj
        assert len(model_lum_proj[0]) == len(model_lum_proj[2])
        self.calls.append((beta, inc))
        self.model = np.full(len(xbin), (2 * np.pi * peak * size**2 * ratio).sum() ** 0.5)
        return self


def test_jampy_is_asked_for_each_anisotropy_and_inclination(disc, monkeypatch):
    stand_in = JamPy()
    monkeypatch.setattr("galmass_core.dynamics.jam.require_jampy", lambda: stand_in)
    fit = fit_axisymmetric(disc, 1.0, JAM)
    assert len(set(stand_in.calls)) == 3 * 3  # of 9 masses each
    assert np.isfinite(fit.log_total)

    def refuse(**_):
        msg = "no deprojection"
        raise ValueError(msg)

    stand_in.proj = refuse
    with pytest.raises(NoFitError, match="JamPy says: no deprojection"):
        fit_axisymmetric(disc, 1.0, JAM)


def test_without_jampy_the_command_says_so_in_a_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "jampy", None)
    make_map_dataset(tmp_path / "blobs", 3)
    assert main(["dynamics", str(tmp_path / "blobs"), "--jam"]) == 2
    said = capsys.readouterr().err
    assert "jampy 9 (pip install jampy; its licence is not free)" in said
    assert "cannot be imported by Python 3.11" in said


def test_jam_has_the_masses_of_galaxies_to_10_percent():
    try:
        require_jampy()
    except ValueError as error:
        pytest.skip(str(error))
    for maps, true in (sphere(), inclined("3", 60)):
        assert 10 ** fit_axisymmetric(maps, 1.0, JAM).log_total == pytest.approx(true, rel=0.1)
