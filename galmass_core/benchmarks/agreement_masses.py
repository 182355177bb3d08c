"""Circular velocities, ages, wavelengths and dust: ours beside those of seven packages."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from galmass_core.benchmarks import agreement_data as data
from galmass_core.benchmarks.agreement_rows import Row, row
from galmass_core.bridges import to_gala, to_galpy
from galmass_core.galaxy import Cosmology, G
from galmass_core.imaging.dust import WAVELENGTHS
from galmass_core.imaging.dust import extinction as curve_of_dust
from galmass_core.measurements.targets import mass_profiles

_RADIUS = 8.0  # kpc
_TASK = f"circular velocity at {_RADIUS:g} kpc"
_DISC_TASK = "circular velocity at 4.4 kpc, thin exponential disc alone"
_DISC_RADIUS = 4.4
_PARTICLES = "ours is measured on particles, theirs is the formula's"
_SPHERE = (
    "ours is that of a sphere with the same mass inside (the definition of V_c in simulations); "
    "a thin disc turns faster"
)
_COSMOLOGY = Cosmology(hubble=0.6774, omega_matter=0.3089, omega_lambda=0.6911)


def galpy(particles: int) -> Iterator[Row]:
    """Compare circular velocities."""
    from astropy import units
    from galpy.potential import (
        HernquistPotential,
        NFWPotential,
        RazorThinExponentialDiskPotential,
    )

    mass, scale = data.HERNQUIST
    stars = HernquistPotential(amp=2 * mass * units.Msun, a=scale * units.kpc, ro=8.0, vo=220.0)
    halo_mass, halo_scale = data.NFW
    halo = NFWPotential(amp=halo_mass * units.Msun, a=halo_scale * units.kpc, ro=8.0, vo=220.0)
    place, profile = _RADIUS * units.kpc, mass_profiles(data.spheres(particles))
    yield from _spheres(
        "galpy", particles, stars.vcirc(place), halo.vcirc(place), to_galpy(profile).vcirc(place)
    )
    density, length = _disc(particles)
    thin = RazorThinExponentialDiskPotential(
        amp=density * units.Msun / units.kpc**2, hr=length * units.kpc, ro=8.0, vo=220.0
    )
    yield _thin_disc("galpy", particles, thin.vcirc(_DISC_RADIUS * units.kpc), _SPHERE)


def gala(particles: int) -> Iterator[Row]:
    """Compare circular velocities."""
    import gala.potential as made
    from astropy import units
    from gala.units import galactic

    mass, scale = data.HERNQUIST
    stars = made.HernquistPotential(m=mass * units.Msun, c=scale * units.kpc, units=galactic)
    halo_mass, halo_scale = data.NFW
    halo = made.NFWPotential(m=halo_mass * units.Msun, r_s=halo_scale * units.kpc, units=galactic)
    splined = to_gala(mass_profiles(data.spheres(particles)))
    place = np.array([_RADIUS, 0.0, 0.0]) * units.kpc
    yield from _spheres(
        "gala",
        particles,
        *(each.circular_velocity(place).to_value("km/s")[0] for each in (stars, halo, splined)),
    )
    density, length = _disc(particles)
    thin = made.MN3ExponentialDiskPotential(
        m=2 * np.pi * density * length**2 * units.Msun,
        h_R=length * units.kpc,
        h_z=0.05 * units.kpc,
        units=galactic,
    )
    place = np.array([_DISC_RADIUS, 0.0, 0.0]) * units.kpc
    theirs = thin.circular_velocity(place).to_value("km/s")[0]
    why = f"{_SPHERE}; theirs is a sum of three discs of Miyamoto & Nagai that approximates it"
    yield _thin_disc("gala", particles, theirs, why)


def _spheres(
    package: str, particles: int, stars: float, halo: float, splined: float
) -> Iterator[Row]:
    """Yield the velocities of Hernquist's sphere, the halo, and both through `bridges`."""
    profile = mass_profiles(data.spheres(particles), np.array([_RADIUS]))
    given: dict[str, Any] = {"unit": "km/s", "key": "log_mtot"}
    truth = {"mstar": data.hernquist_mass(_RADIUS), "mdm": data.nfw_mass(_RADIUS)}
    for name, key, theirs in (("Hernquist's stars", "mstar", stars), ("NFW halo", "mdm", halo)):
        ours, true = (np.sqrt(G * float(m) / _RADIUS) for m in (profile[key].iloc[0], truth[key]))
        yield row(
            package, f"{_TASK}, {name}", theirs, ours=ours, truth=true, why=_PARTICLES, **given
        )
    true = np.sqrt(G * sum(map(float, truth.values())) / _RADIUS)
    why = "a spline through the same masses"
    task = f"{_TASK}, stars and halo by to_{package}"
    ours = profile["v_circ"].iloc[0]
    yield row(package, task, splined, ours=ours, truth=true, why=why, **given)


def _disc(stars: int) -> tuple[float, float]:
    """Return central column [Msun/kpc^2] and scale length [kpc] of the disc."""
    length = data.HALF_LIGHT / 1.67834699
    return stars / 0.995 * data.STAR_MASS / (2 * np.pi * length**2), length


def _thin_disc(package: str, stars: int, theirs: float, why: str) -> Row:
    """Compare with the exact velocity of a thin disc (Binney & Tremaine 2008, eq. 2.165)."""
    from scipy.special import i0, i1, k0, k1

    density, length = _disc(stars)
    y = _DISC_RADIUS / (2 * length)
    true = np.sqrt(4 * np.pi * G * density * length * y**2 * (i0(y) * k0(y) - i1(y) * k1(y)))
    ours = mass_profiles(data.disc(stars), np.array([_DISC_RADIUS]))["v_circ"].iloc[0]
    given: dict[str, Any] = {"unit": "km/s", "key": "log_mtot", "why": why}
    return row(package, _DISC_TASK, theirs, ours=ours, truth=true, **given)


def astropy(_particles: int) -> Iterator[Row]:
    """Compare ages of the universe, and what becomes of a missing redshift."""
    from astropy.cosmology import FlatLambdaCDM, Planck15

    plain = FlatLambdaCDM(H0=67.74, Om0=0.3089)
    for redshift in (0.0, 1.0, 6.0):
        yield row(
            "astropy",
            f"age of the universe at z = {redshift:g}",
            plain.age(redshift).to_value("Gyr"),
            ours=_COSMOLOGY.age(1 / (1 + redshift)),
            unit="Gyr",
            why="the same flat universe without radiation",
        )
    yield row(
        "astropy",
        "age of the universe at z = 6, Planck15",
        Planck15.age(6.0).to_value("Gyr"),
        ours=_COSMOLOGY.age(1 / 7),
        unit="Gyr",
        why="Planck15 has radiation, neutrinos and Ω_m = 0.3075; a snapshot's header has neither",
    )
    with np.errstate(all="ignore"):
        missing = Planck15.lookback_time(np.nan).to_value("Gyr")
    yield row(
        "astropy",
        "lookback time at a missing redshift, Planck15",
        missing,
        ours=_COSMOLOGY.age(1.0) - _COSMOLOGY.age(np.nan),
        unit="Gyr",
        why="what is missing stays missing here; of a universe with radiation astropy says 0",
    )


def colossus(particles: int) -> Iterator[Row]:
    """Compare the circular velocity of a halo, and ages of the universe."""
    from colossus.cosmology.cosmology import Cosmology as Universe
    from colossus.cosmology.cosmology import setCurrent
    from colossus.halo.profile_nfw import NFWProfile

    h = _COSMOLOGY.hubble
    given: dict[str, Any] = {
        "flat": True,
        "H0": 100 * h,
        "Om0": _COSMOLOGY.omega_matter,
        "Ob0": 0.0486,
    }
    given |= {"sigma8": 0.8159, "ns": 0.9667, "relspecies": False, "persistence": ""}
    universe = Universe(name="TNG", **given)
    setCurrent(universe)
    mass, scale = data.NFW
    halo = NFWProfile(rhos=mass / (4 * np.pi * scale**3) / h**2, rs=scale * h)
    profile = mass_profiles(data.spheres(particles), np.array([_RADIUS]))
    yield row(
        "colossus",
        f"{_TASK}, NFW halo",
        halo.circularVelocity(_RADIUS * h),
        ours=np.sqrt(G * profile["mdm"].iloc[0] / _RADIUS),
        truth=np.sqrt(G * float(data.nfw_mass(_RADIUS)) / _RADIUS),
        unit="km/s",
        key="log_mtot",
        why=f"{_PARTICLES}; lengths are given to it in kpc/h and densities in Msun h²/kpc³",
    )
    for redshift in (0.0, 1.0, 6.0):
        yield row(
            "colossus",
            f"age of the universe at z = {redshift:g}, without radiation",
            universe.age(redshift),
            ours=_COSMOLOGY.age(1 / (1 + redshift)),
            unit="Gyr",
            why="theirs is interpolated in a table",
        )


def extinction(_particles: int) -> Iterator[Row]:
    """Compare extinction curves of the Milky Way."""
    from extinction import ccm89, fitzpatrick99

    curves: dict[str, Any] = {"Cardelli et al. (1989)": ccm89, "Fitzpatrick (1999)": fitzpatrick99}
    whys = ["the same law", "another law; its curve is 0.978 at 5500 Å for A_V = 1"]
    for (law, curve), why in zip(curves.items(), whys, strict=True):
        for band, wavelength in WAVELENGTHS.items():
            yield row(
                "extinction",
                f"A_{band}/A_V, R_V = 3.1, {law}",
                curve(np.array([wavelength]), 1.0, 3.1)[0],
                ours=curve_of_dust(wavelength),
                why=why,
            )


def speclite(_particles: int) -> Iterator[Row]:
    """Compare wavelengths of filters."""
    from speclite.filters import load_filter

    for band, ours in WAVELENGTHS.items():
        yield row(
            "speclite",
            f"wavelength of SDSS {band}",
            load_filter(f"sdss2010-{band}").effective_wavelength.to_value("Angstrom"),
            ours=ours,
            unit="Å",
            why="theirs is the mean wavelength of the photons of a source of constant f_λ, ours "
            "the pivot, at which f_ν and f_λ of a broad band convert exactly",
        )


def sedpy(_particles: int) -> Iterator[Row]:
    """Compare wavelengths of filters."""
    from sedpy.observate import Filter

    for band, ours in WAVELENGTHS.items():
        found, task = Filter(f"sdss_{band}0"), f"wavelength of SDSS {band}"
        given: dict[str, Any] = {"ours": ours, "unit": "Å"}
        why = "theirs is the mean of the wavelength's logarithm, ours is the pivot"
        yield row("sedpy", f"{task}, effective", found.wave_effective, why=why, **given)
        why = "the pivot of another release of the filter's curve"
        yield row("sedpy", f"{task}, pivot", found.wave_pivot, why=why, **given)
