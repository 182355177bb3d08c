"""The projected cubic spline and the forms in which the renderers evaluate it."""

import runpy

import numpy as np
import pytest

from galmass_core.assets import asset
from galmass_core.imaging.spline import (
    DIRECT,
    NARROW,
    WIDEST,
    projected_kernel,
    radial_terms,
    separable_terms,
    stamp_radius,
    table_place,
)


def test_kernel_in_the_centre_is_six_over_pi():
    assert projected_kernel(0.0) == pytest.approx(6 / np.pi, rel=1e-12)


def test_kernel_has_its_known_values():
    known = {0.1: 1.80776, 0.25: 1.35501, 0.5: 0.44414, 0.75: 0.04577, 0.9: 0.00199}
    assert projected_kernel(list(known)) == pytest.approx(list(known.values()), abs=6e-6)


def test_kernel_is_zero_from_its_support_radius_on():
    assert (projected_kernel([1.0, 1.5, 100.0]) == 0).all()


def test_kernel_integrates_to_one():
    u = (np.arange(20_000) + 0.5) / 20_000
    assert 2 * np.pi * np.mean(projected_kernel(u) * u) == pytest.approx(1, abs=1e-8)


def test_kernel_is_the_spline_summed_along_the_line_of_sight():
    z = np.linspace(-1, 1, 200_001)
    u = np.hypot(0.3, z)
    spline = np.where(u < 0.5, 1 - 6 * u**2 + 6 * u**3, 2 * np.maximum(1 - u, 0) ** 3)
    total = 8 / np.pi * np.trapezoid(spline, z)
    assert projected_kernel(0.3) == pytest.approx(total, rel=1e-8)


def test_separable_kernel_integrates_to_one():
    terms, signs = separable_terms()
    assert np.sum(signs * (2 * terms.sum(axis=1)) ** 2) == pytest.approx(1, abs=3e-4)


@pytest.mark.parametrize("coarse", [0, 1])
def test_radial_kernel_is_never_negative(coarse):
    t = np.linspace(0, 1, 500)
    for terms in radial_terms().reshape(2, -1, 5)[coarse]:
        assert np.polyval(terms[::-1].astype(float), t).min() > -1e-7


@pytest.mark.parametrize(
    ("coarse", "radius"), [(0, NARROW), (0, DIRECT), (1, DIRECT / 2), (1, WIDEST)]
)
def test_radial_kernel_is_tabulated_over_its_whole_range(coarse, radius):
    place = table_place(radius, coarse)
    assert 256 * coarse <= int(place) <= 256 * coarse + 255
    assert abs(place - 0.5 - round(place - 0.5)) < 1e-6


@pytest.mark.parametrize("radius", [NARROW, 10.0, DIRECT])
def test_radial_kernel_is_close_to_the_kernel_in_wide_pixels(radius):
    terms = radial_terms()[int(table_place(radius, 0))]
    r = (np.arange(4000) + 0.5) / 4000 * radius
    rho = stamp_radius(radius, 0)
    t = np.maximum(1 - (r / rho) ** 2, 0)
    fit = t**2 * np.polyval(terms[::-1], t) / rho**2
    exact = projected_kernel(r / radius) / radius**2
    smoothing = 0.09 * (NARROW / radius) ** 2  # a pixel blurs the narrow kernel
    error = np.sqrt(np.sum((fit - exact) ** 2 * r) / np.sum(exact**2 * r))
    assert error < smoothing + 1e-3


def test_the_stored_fits_are_those_that_their_script_makes():
    script = runpy.run_path(str(asset("makers/fit_spline.py")))
    stored = np.loadtxt(asset("spline_fits.csv"), delimiter=",", skiprows=1)
    assert len(stored) == 26
    for row in stored[[3, 20]]:
        fitted = script["fit"](1 / row[1], int(row[0]))
        assert fitted == pytest.approx(row[2:], rel=1e-6, abs=1e-6)
