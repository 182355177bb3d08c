"""Fit polynomials to the projected spline kernel: ``python assets/makers/fit_spline.py``.

Writes ``assets/spline_fits.csv``, from which `spline.radial_terms` interpolates.
"""

from pathlib import Path

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray

from galmass_core.imaging.spline import FITS, RADII, projected_kernel, stamp_radius

_KNOTS = 13  # of each table, evenly spaced in the inverse radius


def fit(radius: float, coarse: int) -> NDArray:
    """Return least-squares c0 ... c4 for one radius, over a few positions within a cell."""
    cells = np.arange(-np.ceil(radius) - 2, np.ceil(radius) + 3)
    if coarse:  # compare the sum of B-splines with the kernel at points three to a cell
        points = np.linspace(cells[0], cells[-1], 3 * len(cells) - 2)
        image = _cubic_bspline(points[:, None] - cells)
        nodes, weights = np.zeros(1), np.ones(1)
    else:  # compare the stamp with the kernel integrated over the pixels
        points, image = cells, np.eye(len(cells))
        nodes, weights = legendre.leggauss(4)
    nodes, weights = nodes / 2, weights / weights.sum()
    fine = (points[:, None] + nodes).ravel()
    rho = stamp_radius(radius, coarse)
    stiffness = 10.0 * len(points) / len(cells)  # weight of a stamp's flux relative to its shape
    stamps, truth = [], []
    for x, y in ((0.13, 0.37), (0.5, 0.21), (0.0, 0.0), (0.31, 0.44), (0.5, 0.5)):
        t = np.maximum(1 - ((cells[:, None] - y) ** 2 + (cells - x) ** 2) / rho**2, 0)
        powers = t ** np.arange(2, 7)[:, None, None] / rho**2
        kernel = projected_kernel(np.hypot(fine[:, None] - y, fine - x) / radius) / radius**2
        kernel = kernel.reshape(len(points), len(nodes), len(points), len(nodes))
        flux = stiffness / radius
        stamps += [(image @ powers @ image.T).reshape(5, -1), flux * powers.sum((1, 2))[:, None]]
        truth += [np.einsum("aibj,i,j->ab", kernel, weights, weights).ravel(), [flux]]
    columns, values = np.concatenate(stamps, axis=1), np.concatenate(truth)
    inside = np.linspace(0, 1, 201)
    for lowest in range(5):  # the rim decides whether a polynomial stays positive
        terms = np.zeros(5)
        terms[lowest:] = np.linalg.lstsq(columns[lowest:].T, values)[0]
        if np.polyval(terms[::-1], inside).min() >= 0:
            break
    return terms / np.sum(np.pi * terms / np.arange(3, 8))


def _cubic_bspline(x: NDArray) -> NDArray:
    """Return the cubic B-spline on knots -2, -1, 0, 1, 2."""
    x = np.abs(x)
    return np.maximum(2 - x, 0) ** 3 / 6 - 4 * np.maximum(1 - x, 0) ** 3 / 6


def main() -> None:
    """Write the fits of both tables."""
    lines = ["coarse,inverse_radius,c0,c1,c2,c3,c4"]
    for coarse, (low, high) in enumerate(RADII):
        for knot in np.linspace(1 / high, 1 / low, _KNOTS):
            numbers = [coarse, *map(float, (knot, *fit(1 / knot, coarse)))]
            lines.append(",".join(map(repr, numbers)))
    path = Path(__file__).parents[1] / FITS
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")


if __name__ == "__main__":
    main()
