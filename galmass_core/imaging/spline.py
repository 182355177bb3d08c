"""Integrate the cubic spline kernel along the line of sight, in forms for the renderers.

M4 spline (Monaghan 1992, ARA&A 30, 543) with support radius H and u = r/H::

    W(u) = 8/(pi H^3) (1 - 6u^2 + 6u^3) for u < 1/2,  8/(pi H^3) 2(1 - u)^3 for u < 1,  else 0

Its integral along the line of sight is ``Y(R/H) / H^2``. Three forms of Y are computed here, each
once:

- exact (`projected_kernel`);
- for kernels of a few pixels a sum of two products, ``Y(x, y) ~ sum_k s_k a_k(x) a_k(y)``, with
  the integrals of ``a_k``, whose differences are the flux in a pixel (`separable_terms`);
- for wider kernels a polynomial in ``t = 1 - R^2/rho^2``, exactly zero outside the circle of
  radius rho (`radial_terms`).
"""

from functools import cache
from typing import Any

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray

from galmass_core.assets import asset

NARROW = 3.5  # pixels; kernels up to this radius fit 8 pixels at any position
SLIM = 8.09  # pixels; stamps of kernels up to this radius fit 16 pixels
DIRECT = 16.2  # pixels; up to this radius a kernel is added directly to the pixels
WIDEST = 17.0  # grid cells; radius at which the next coarser grid takes over
FITS = "spline_fits.csv"  # the polynomials at a few radii
ROWS = 256  # radii at which the polynomials are tabulated
RADII = ((NARROW, DIRECT), (DIRECT / 2, WIDEST))  # range of the two tables


def projected_kernel(u: NDArray | float) -> NDArray:
    """Integrate the kernel of unit support radius along the line of sight.

    With b = R/H and z the way along the line of sight, the integrals of the powers of
    sqrt(b^2 + z^2) in W are elementary.

    Parameters
    ----------
    u : array of float
        Projected distance in support radii.

    Returns
    -------
    array of float64
        Y(u): 6/pi in the centre, 0 from u = 1 on; 2 pi times the integral of Y u du is 1.
    """
    b2 = np.maximum(np.square(u, dtype=float), 1e-24)

    def powers(radius: float) -> tuple[NDArray, ...]:
        z = np.sqrt(np.maximum(radius**2 - b2, 0.0))
        r = np.sqrt(b2 + z * z)
        first = 0.5 * (z * r + b2 * np.arcsinh(z / np.sqrt(b2)))
        return z, first, b2 * z + z**3 / 3, 0.25 * z * r**3 + 0.75 * b2 * first

    whole, half = powers(1.0), powers(0.5)
    outer = [a - b for a, b in zip(whole, half, strict=True)]
    inner = half[0] - 6 * half[2] + 6 * half[3]
    return 16 / np.pi * (inner + 2 * (outer[0] - 3 * outer[1] + 3 * outer[2] - outer[3]))


@cache
def separable_terms() -> tuple[NDArray, NDArray]:
    """Split Y on its enclosing square into two products of one-dimensional polynomials.

    The eigenvectors of Y in Legendre polynomials up to degree 12; two of them leave a relative L2
    error of 1.5e-3 of the kernel and below 8e-4 once it is integrated over pixels.

    Returns
    -------
    terms : (2, 7) float32
        Coefficients of v, v^3, ... v^13 in the integral of a_k from 0 to v, which is 1 at the
        edge; v in support radii.
    signs : (2,) float32
        Weight s_k of each product.
    """
    nodes, weights = legendre.leggauss(200)
    even = np.arange(0, 13, 2)
    norms = np.sqrt(even + 0.5)
    basis = legendre.legvander(nodes, 12)[:, even] * norms * weights[:, None]
    values, vectors = np.linalg.eigh(
        basis.T @ projected_kernel(np.hypot(nodes[:, None], nodes)) @ basis
    )
    largest = np.argsort(-np.abs(values))[:2]
    terms = np.zeros((2, 7))
    for row, k in enumerate(largest):
        series = np.zeros(13)
        series[even] = vectors[:, k] * norms
        terms[row] = legendre.leg2poly(legendre.legint(series))[1::2]
    signs = values[largest] * terms.sum(axis=1) ** 2
    terms /= terms.sum(axis=1, keepdims=True)
    return terms.astype(np.float32), signs.astype(np.float32)


def stamp_radius(radius: Any, coarse: int) -> Any:  # noqa: ANN401 - a number or a tensor
    """Return rho, where the polynomial of a kernel of this radius ends; in grid cells."""
    return radius - 1.1 if coarse else 0.948 * radius + 0.33


def table_place(radius: Any, coarse: int) -> Any:  # noqa: ANN401 - a number or a tensor
    """Return the place in `radial_terms` for a kernel of this radius in grid cells; round down."""
    low, high = RADII[coarse]
    return (radius - low) * ((ROWS - 1) / (high - low)) + (coarse * ROWS + 0.5)


@cache
def radial_terms() -> NDArray:
    """Return the fits ``Y ~ t^2 (c0 + c1 t + ... + c4 t^4)`` for kernels of 3.5 to 17 cells.

    Table 0 is for the pixels: the fit is to the kernel integrated over each pixel. Table 1 is for
    the coarser grids: there a sample is the coefficient of a cubic B-spline, and the fit is to the
    kernel that the B-splines add up to. The error stays below 1e-3 (relative L2) and the flux of
    every single stamp within 1e-4. ``assets/makers/fit_spline.py`` made the fits.

    Returns
    -------
    (512, 5) float32
        c0 ... c4 for radii evenly spaced over the range of each table, such that the integral of
        the polynomial over the disc is rho^2.
    """
    stored = np.loadtxt(asset(FITS), delimiter=",", skiprows=1)
    tables = []
    for coarse, (low, high) in enumerate(RADII):
        fits = stored[stored[:, 0] == coarse].T
        inverse = 1 / np.linspace(low, high, ROWS)
        tables.append(np.stack([np.interp(inverse, fits[1], c) for c in fits[2:]], axis=1))
    return np.concatenate(tables).astype(np.float32)
