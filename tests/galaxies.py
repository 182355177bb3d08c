"""Seeded galaxies of stars for the renderer's tests and benchmarks: a bulge in a thin disc."""

import numpy as np


def disc_galaxy(count, *, seed=0, bulge=0.3, inclination=60.0):
    """Return positions (N, 3) in half-mass radii and luminosities (N,) that add up to one.

    The bulge follows Hernquist's profile, M(<r) ~ r^2 / (r + a)^2, the disc falls off
    exponentially in radius and as sech^2 in height; luminosities scatter by a factor e.
    """
    rng = np.random.default_rng(seed)
    inner = int(bulge * count)
    enclosed = np.sqrt(rng.uniform(0, 0.95, inner))
    direction = rng.normal(size=(inner, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    spheroid = direction * (0.3 * enclosed / (1 - enclosed))[:, None]
    radius, angle = rng.gamma(2.0, size=count - inner), rng.uniform(0, 2 * np.pi, count - inner)
    height = 0.12 * np.arctanh(rng.uniform(-0.999, 0.999, count - inner))
    disc = np.column_stack([radius * np.cos(angle), radius * np.sin(angle), height])
    positions = rng.permutation(np.concatenate([spheroid, disc]))
    positions /= np.median(np.linalg.norm(positions, axis=1))
    tilt = np.deg2rad(inclination)
    turn = [[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]]
    luminosities = np.exp(rng.normal(size=count))
    return positions @ np.transpose(turn), luminosities / luminosities.sum()
