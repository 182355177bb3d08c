"""Sums in rings on the sky."""

import numpy as np
import pytest

from galmass_core.measurements.rings import in_rings


@pytest.mark.parametrize(
    "edges",
    [[1.0], [0.5, 1.0, 2.0, 4.0], np.geomspace(0.3, 5.0, 41), np.linspace(1.0, 1.01, 50)],
    ids=["one", "powers of two", "rings of a profile", "many in a hundredth"],
)
def test_rings_hold_the_stars_between_their_edges(edges):
    rng, edges = np.random.default_rng(0), np.asarray(edges)
    radii = np.concatenate([[0.0], edges, rng.gamma(0.5, size=2_000) ** 3, [1e-300, 1e300]])
    light = rng.uniform(size=len(radii))
    place = edges.searchsorted(radii, side="right")  # one on an edge is outside of it
    counts, sums = in_rings(radii, light, edges)
    np.testing.assert_array_equal(counts, np.bincount(place, minlength=len(edges) + 1))
    np.testing.assert_allclose(sums, np.bincount(place, light, len(edges) + 1), rtol=1e-13)
