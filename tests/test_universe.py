from dataclasses import astuple, is_dataclass, replace

import h5py
import numpy as np
import pandas as pd
import pytest
from gravity import attraction, components, everything, virial_ratio

from galmass_core.galaxy import G
from galmass_core.measurements.targets import measure_targets
from galmass_core.sample import TOO_LIGHT
from galmass_core.sources import find_galaxies, read_galaxy
from galmass_core.sources.group_catalogue import read_group_catalogue
from galmass_core.synthetic.drawn import find_universe
from galmass_core.synthetic.model import sample_galaxy
from galmass_core.synthetic.universe import draw_demands, draw_universe, write_universe

GALAXIES = 20


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A universe's folder, and the counts that were reported while it was written."""
    folder, seen = tmp_path_factory.mktemp("universe") / "demo", []
    write_universe(folder, GALAXIES, 4, lambda *counts: seen.append(counts))
    return folder, seen


@pytest.fixture(scope="module")
def universe(written):
    return written[0]


@pytest.fixture(scope="module")
def catalogue(shared_data):
    universe_fit = pytest.importorskip("galmass_core.synthetic.universe_fit")
    pytest.importorskip("astropy")
    fractions = next((shared_data / "tng100_disc_fractions").glob("*.fits"))
    return universe_fit.select(shared_data / "tng100_groupcat", fractions)


@pytest.fixture(scope="module")
def drawn():
    """Many drawn galaxies, by the names of a demand."""
    return pd.DataFrame([vars(demand) for demand in draw_demands(6000, 7)[0]])


@pytest.fixture(scope="module")
def models():
    return draw_universe(30, 11)


def coarse(model, particles):
    """The same galaxy of fewer, heavier particles."""
    return replace(
        model,
        star_mass=model.stellar_mass / particles,
        dark_matter_mass=model.halo.mass / particles,
    )


def test_same_seed_draws_the_same_galaxies():
    first, second, other = (draw_demands(50, seed)[0] for seed in (1, 1, 2))
    assert [astuple(d) for d in first] == [astuple(d) for d in second]
    assert [astuple(d) for d in first] != [astuple(d) for d in other]


def test_every_halo_has_one_central_that_comes_first():
    demands, hosts = draw_demands(300, 5)
    assert hosts == sorted(hosts)
    firsts = np.unique(hosts, return_index=True)[1]
    assert [i for i, demand in enumerate(demands) if demand.is_central] == firsts.tolist()


def test_one_galaxy_in_five_is_a_central():
    centrals = [demand.is_central for demand in draw_demands(4000, 6)[0]]
    assert np.mean(centrals) == pytest.approx(403 / 2041, abs=0.001)


def test_number_of_galaxies_must_be_positive():
    with pytest.raises(ValueError, match="n must be a positive number of galaxies, got 0"):
        draw_universe(0, 1)


@pytest.mark.parametrize("central", [True, False], ids=["centrals", "satellites"])
def test_drawn_galaxies_have_the_catalogues_marginals(catalogue, drawn, central):
    from scipy.stats import ks_2samp

    real = catalogue[catalogue["is_central"] == central]
    drawn = drawn[drawn["is_central"] == central]
    for ours, theirs in {
        "mstar": "mstar",
        "half_mass_radius": "half_mass_radius",
        "mdm_1rhsm": "mdm_1rhsm",
        "mdm_2rhsm": "mdm_2rhsm",
        "mgas_2rhsm": "mgas_2rhsm",
        "star_formation_rate": "sfr_2rhsm",
        "disc_fraction": "disc_fraction",
    }.items():
        distance = ks_2samp(drawn[ours], real[theirs]).statistic
        assert distance <= 0.07, ours


@pytest.mark.parametrize("central", [True, False], ids=["centrals", "satellites"])
def test_gas_goes_with_dark_matter_as_in_the_catalogue(catalogue, drawn, central):
    real = catalogue[catalogue["is_central"] == central]
    for inside in ("mgas_1rhsm", "mgas_2rhsm"):
        ours, theirs = (
            np.corrcoef(np.log10(table[inside].clip(1e6)), dark_share(table))[0, 1]
            for table in (drawn[drawn["is_central"] == central], real)
        )
        assert ours == pytest.approx(theirs, abs=0.05), inside


def dark_share(table):
    """Dark matter in the mass inside 2 R_hsm."""
    return table["mdm_2rhsm"] / table[["mstar_2rhsm", "mdm_2rhsm", "mgas_2rhsm"]].sum(axis=1)


def test_written_universe_reads_as_synthetic_galaxies(universe):
    galaxies = find_galaxies([universe]).galaxies
    assert len(galaxies) == GALAXIES
    galaxy = galaxies[0].read()
    assert str(galaxy.name) == f"synthetic/demo-4-{GALAXIES}/99/0"
    assert galaxy.is_synthetic


def test_galaxies_come_back_as_they_were_drawn(universe):
    demands, hosts = draw_demands(GALAXIES, 4)
    for number, (demand, host) in enumerate(zip(demands, hosts, strict=True)):
        galaxy = read_galaxy(universe, number)
        assert galaxy.is_central == demand.is_central
        assert galaxy.host_group == host
        assert galaxy.half_mass_radius == pytest.approx(demand.half_mass_radius, rel=0.01)
        assert galaxy.stars.masses.sum() == pytest.approx(demand.mstar, rel=1e-3)
        dark = galaxy.dark_matter
        inside = dark.masses[dark.radii <= galaxy.half_mass_radius].sum()
        assert inside == pytest.approx(demand.mdm_1rhsm, rel=0.1)


def test_catalogue_says_what_the_particles_say(universe):
    catalogue = read_group_catalogue(universe).subhaloes
    assert len(catalogue) == GALAXIES
    for number, row in catalogue.iterrows():
        galaxy = read_galaxy(universe, number)
        measured = measure_targets(galaxy)
        for key in ("mstar", "mdm", "mtot", "mtot_1rhsm", "mstar_2rhsm", "mdm_2rhsm"):
            assert np.log10(row[key]) == pytest.approx(measured[f"log_{key}"], abs=3e-3), key
        assert row["mgas"] == pytest.approx(galaxy.gas.masses.sum(), rel=1e-5)
        assert row["magnitude_r"] == pytest.approx(measured["abs_mag_r_intrinsic"], abs=1e-3)
        assert row["sfr"] == pytest.approx(galaxy.gas.star_formation_rates.sum(), rel=1e-5)
        assert row["n_star"] >= len(galaxy.stars)  # wind counts
    assert (catalogue["mgas"] == 0).any()


def test_first_galaxy_lies_across_the_border(universe):
    galaxy = read_galaxy(universe, 0)
    assert np.abs(galaxy.stars.positions).max() < 5000  # kpc; the box has 110,718
    with h5py.File(universe / "output" / "snapdir_099" / "snap_099.0.hdf5") as file:
        places = file["PartType4/Coordinates"][: len(galaxy.stars)]
        assert np.ptp(places, axis=0).min() > 0.9 * file["Header"].attrs["BoxSize"]


def test_galaxy_on_the_border_of_chunks_is_whole(universe):
    folder = universe / "output" / "snapdir_099"
    assert len(list(folder.iterdir())) == 2
    demand = draw_demands(GALAXIES, 4)[0][16]  # sixteen galaxies and a half in the first chunk
    stars = read_galaxy(universe, 16).stars
    assert stars.masses.sum() == pytest.approx(demand.mstar, rel=1e-3)


def test_offsets_file_says_what_the_order_of_particles_says(universe, tmp_path):
    (tmp_path / "bare").symlink_to(universe / "output")
    for number in (0, 7, 16, GALAXIES - 1):
        found, expected = (read_galaxy(path, number) for path in (tmp_path / "bare", universe))
        assert np.array_equal(found.stars.positions, expected.stars.positions)
        assert np.array_equal(found.gas.masses, expected.gas.masses)


def test_same_seed_writes_the_same_bytes(tmp_path):
    for folder in ("a", "b"):
        write_universe(tmp_path / folder, 2, 8)
    files = [path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*.hdf5")]
    assert len(files) == 4
    for path in files:
        assert (tmp_path / "a" / path).read_bytes() == (tmp_path / "b" / path).read_bytes()


def test_galaxies_drawn_when_they_are_read_are_those_that_are_written(universe):
    found, expected = find_universe(GALAXIES, 4), find_galaxies([universe])
    assert found.left_out == expected.left_out
    assert [ref.subhalo for ref in found.galaxies] == [ref.subhalo for ref in expected.galaxies]
    for one, other in zip(found.galaxies[:6], expected.galaxies, strict=False):
        assert contents(one.read()) == contents(other.read())


def contents(galaxy):
    """All that a galaxy holds but its source, comparable."""
    if isinstance(galaxy, np.ndarray):
        return galaxy.shape, galaxy.tobytes()
    if not is_dataclass(galaxy):
        return galaxy
    return {key: contents(value) for key, value in vars(galaxy).items() if key != "source"}


def test_light_galaxies_are_left_out_as_by_the_catalogue(monkeypatch):
    heaviest = max(order.demand.mstar for order in orders_of(GALAXIES, 4))
    monkeypatch.setattr("galmass_core.sample.MIN_STELLAR_MASS", 0.999 * heaviest)
    found = find_universe(GALAXIES, 4)
    assert len(found.galaxies) == 1
    assert found.left_out == {TOO_LIGHT: GALAXIES - 1}


def orders_of(n, seed):
    return [ref.order for ref in find_universe(n, seed).galaxies]


def test_an_unfinished_demo_is_not_continued_as_another_one():
    (one, same, other) = (find_universe(2, seed).galaxies for seed in (1, 1, 2))
    assert [ref.identity(None) for ref in one] == [ref.identity(None) for ref in same]
    assert not {ref.identity(None) for ref in one} & {ref.identity(None) for ref in other}


@pytest.mark.usefixtures("forked_workers")
def test_number_of_workers_changes_no_byte(tmp_path):
    for workers in (1, 2):
        write_universe(tmp_path / str(workers), 3, 8, workers=workers)
    for path in (tmp_path / "1").rglob("*.hdf5"):
        other = tmp_path / "2" / path.relative_to(tmp_path / "1")
        assert path.read_bytes() == other.read_bytes()


def test_progress_counts_the_galaxies(written):
    assert written[1] == [(number, GALAXIES) for number in range(1, GALAXIES + 1)]


def test_components_are_in_virial_equilibrium(models):
    for number in (0, 1):
        particles = sample_galaxy(coarse(models[number], 10_000), number)
        sources = everything(particles)
        for name, part in components(particles).items():
            if len(part[0]) > 500:
                assert virial_ratio(*part, *sources) == pytest.approx(1, abs=0.05), name


def test_cold_disc_stays_cold_for_two_dynamical_times(models):
    discs = [m for m in models if m.disc is not None and m.disc.mass > 0.7 * m.stellar_mass]
    for model in discs[:2]:
        particles = sample_galaxy(
            replace(model, star_mass=model.stellar_mass / 4000), 1, orientation=np.eye(3)
        )
        positions, masses = everything(particles)
        distance = np.linalg.norm(positions, axis=1)
        near = distance < 8 * model.disc.scale_length  # the rest is round and pulls nowhere
        sources = positions[near], masses[near]
        radius = 1.7 * model.disc.scale_length
        period = 2 * np.pi * np.sqrt(radius**3 / (G * masses[distance < radius].sum()))
        positions, velocities, _ = (part[::20] for part in components(particles)["disc"])
        before = disc_state(positions, velocities)
        softening = 0.05 * model.disc.scale_length
        after = disc_state(
            *integrate(positions, velocities, sources, 2 * period, softening=softening)
        )
        assert after[:3] == pytest.approx(before[:3], rel=0.3)
        assert after[0] > 0.9 * before[0]
        assert after[3] < 1.5 * before[3]


def disc_state(positions, velocities):
    """Mean rotation, dispersion outwards and upwards, and median height of a disc's stars."""
    radii = np.hypot(*positions.T[:2])
    rotation = np.cross(positions, velocities)[:, 2] / radii
    outwards = (positions * velocities)[:, :2].sum(axis=1) / radii
    upwards = velocities[:, 2]
    height = np.median(np.abs(positions[:, 2]))
    return np.array([rotation.mean(), outwards.std(), upwards.std(), height])


def integrate(positions, velocities, sources, duration, *, softening, steps=120):
    """Leapfrog in the frozen field of all particles."""
    positions, velocities = positions.copy(), velocities.copy()
    step = duration / steps
    for _ in range(steps):
        positions += 0.5 * step * velocities
        velocities += step * attraction(positions, *sources, softening)
        positions += 0.5 * step * velocities
    return positions, velocities
