"""The strip of estimates of a sample, its percentiles, its axes, and what it warns of."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from conftest import make_galaxy
from oblique import POSITION_ANGLE, oblique_maps
from pages import settle, texts, widget
from toy_maps import make_map_dataset

from galmass_app.estimates import estimates_of
from galmass_app.standing import ALIKE, standings_of
from galmass_app.state import SessionState
from galmass_app.views.explore.estimates import Estimates
from galmass_app.views.explore.page import Explore
from galmass_app.views.galaxy_properties import FEW_STARS, flags
from galmass_core.benchmarks.invented import make_run
from galmass_core.datasets.dataset import open_dataset
from galmass_core.dynamics.annuli import kinematic_axis
from galmass_core.dynamics.estimates import estimate_one
from galmass_core.dynamics.inclination import image_axes
from galmass_core.imaging.maps import render_maps
from galmass_core.learning.baselines import fit_power_law
from galmass_core.learning.splits import NETWORK_SIZES, split_samples

MSTAR, MTOT, FDM = "log_mstar_1rhsm", "log_mtot_1rhsm", "f_dm_1rhsm"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Maps of 80 galaxies, and two networks for the stellar mass."""
    home = tmp_path_factory.mktemp("home")
    mass = np.repeat(np.random.default_rng(0).uniform(9, 9.5, 80), 3)
    data = make_map_dataset(home / "blobs", 80, log_mstar=mass, n_stars=900, n_dm=0, redshift=0.0)
    for name, scatter in (("mstar/r", 0.03), ("mstar/V", 0.2)):
        make_run(home, data, name, scatter)
    return home


@pytest.fixture
def data(home, monkeypatch):
    monkeypatch.setenv("GALMASS_HOME", str(home))
    monkeypatch.delenv("GALMASS_DATA", raising=False)
    return open_dataset(home / "blobs")


@pytest.fixture
def tested(data):
    """A sample of the test set of the networks."""
    row = np.flatnonzero(split_samples(data.samples, sizes=NETWORK_SIZES) == "test")[0]
    return data.samples.iloc[row]


@pytest.fixture
def page(data, tested):
    session = SessionState(dataset="blobs", galaxy=tested["name"], los=tested["los"])
    session.settle()
    return settle(Explore(session))


def by_method(data, row, target):
    (strip,) = (s for s in estimates_of(data, row["name"], row["los"]) if s.target == target)
    return strip, {estimate.by: estimate for estimate in strip.estimates}


def test_each_run_stands_beside_the_truth_the_best_first(data, tested):
    strip, methods = by_method(data, tested, MSTAR)
    assert strip.true == pytest.approx(tested[MSTAR])
    assert list(methods)[:2] == ["r", "V"]
    assert methods["r"].limits["low_68"] < methods["r"].value < methods["r"].limits["high_68"]


def test_power_law_is_fitted_to_the_training_set_of_the_best_run(data, tested):
    _, methods = by_method(data, tested, MSTAR)
    train = data.samples[split_samples(data.samples, sizes=NETWORK_SIZES) == "train"]
    law = fit_power_law(train[["abs_mag_r"]], train[MSTAR])
    (expected,) = law.predict(tested.to_frame().T)
    shown = methods["power law in M_r"]
    assert shown.value == pytest.approx(expected)
    assert shown.limits["low_90"] <= shown.limits["low_68"] < shown.value


def test_power_law_gives_no_number_for_its_own_training_set(data):
    parts = split_samples(data.samples, sizes=NETWORK_SIZES)
    row = data.samples.iloc[np.flatnonzero(parts == "train")[0]]
    shown = by_method(data, row, MSTAR)[1]["power law in M_r"]
    assert np.isnan(shown.value)
    assert "it was in the training set" in shown.why_not


def test_dynamics_stands_beside_them_with_its_errors(data, tested):
    row = estimate_one(data.maps(tested["name"], tested["los"]))
    _, methods = by_method(data, tested, MTOT)
    wolf = methods["Wolf"]
    assert wolf.value == pytest.approx(row["log_mtot_wolf"])
    half = wolf.limits["high_90"] - wolf.value
    assert half == pytest.approx(1.645 * row["log_mtot_wolf_error"])
    assert methods["Jeans, axisymmetric"].value == pytest.approx(row["log_mtot_axisymmetric"])


def test_fraction_is_no_logarithm(data, tested):
    strip, methods = by_method(data, tested, FDM)
    assert strip.true == pytest.approx(tested[FDM])
    assert 0 < methods["power law in M_r"].value < 1


def test_page_shows_the_strip_and_its_table(page, tested):
    strip, methods = by_method(page.session.data, tested, MSTAR)
    text = texts(page.views[Estimates])
    assert f"truth {strip.true:.2f}" in text
    assert f">{methods['r'].value:.2f}<" in text
    table = page.views[Estimates].table
    assert {"mstar-r-0", "power law in M_r", "Wolf"} <= set(table["by"])
    assert (table["y_true"] == strip.true).sum() == len(strip.estimates)


def test_percentiles_are_those_of_a_slow_count(data, tested):
    found = standings_of(data, tested["name"], tested["los"])["sigma_v"]
    values = data.samples["sigma_v"]
    near = (data.samples["log_mstar"] - tested["log_mstar"]).abs() < ALIKE
    for share, among in zip(found, (values, values[near]), strict=True):
        less = (among < tested["sigma_v"]).sum() + 0.5 * (among == tested["sigma_v"]).sum()
        assert share == pytest.approx(100 * less / len(among))


def test_no_percentile_of_numbers_that_are_alike_or_too_few(data, tested):
    found = standings_of(data, tested["name"], tested["los"])
    assert np.isnan(found["n_stars"].of_all)
    alone = data.samples.assign(log_mstar=[15.0, *data.samples["log_mstar"][1:]]).iloc[0]
    assert np.isnan(standings_of(data, alone["name"], "y")["n_stars"].at_mass)


def test_joined_numbers_that_are_missing_have_no_percentile(data, tested):
    numbers = pd.array([pd.NA, *range(1, len(data))], dtype="Int64")
    joined = {"joined": [{"columns": ["rank"]}]}
    wide = replace(data, samples=data.samples.assign(rank=numbers), info=data.info | joined)
    first = wide.samples.iloc[0]
    assert np.isnan(standings_of(wide, first["name"], first["los"])["rank"].of_all)
    assert standings_of(wide, tested["name"], tested["los"])["rank"].of_all > 0


def test_page_warns_in_the_headline(page):
    headline = widget(page, "gm-headline").object
    assert "few stars: 900" in headline
    assert "no dark matter" in headline
    assert "PA of its light" in headline


def test_flags_are_of_few_stars_no_dark_matter_and_satellites():
    row = pd.Series({"n_stars": FEW_STARS - 1, "n_dm": 0, "is_central": False}, dtype=object)
    assert [words for words, _ in flags(row)] == ["few stars: 999", "no dark matter", "satellite"]
    row = pd.Series({"n_stars": FEW_STARS, "n_dm": np.nan, "is_central": pd.NA}, dtype=object)
    assert not flags(row)


def test_axes_of_an_oblique_disc_are_where_it_was_put():
    maps = oblique_maps(300, 96)
    _, light = image_axes(maps)
    motion, error = kinematic_axis(maps)
    assert light == pytest.approx(POSITION_ANGLE, abs=2)
    assert motion == pytest.approx(POSITION_ANGLE, abs=2)
    assert error < 2


def test_a_ball_of_random_velocities_has_no_kinematic_axis():
    random = np.random.default_rng(3)
    ball = make_galaxy(random.normal(size=(400, 3)), 100 * random.normal(size=(400, 3)))
    assert kinematic_axis(render_maps(ball, "x"))[1] > 20
    still = make_galaxy(random.normal(size=(40, 3)))
    assert np.isnan(kinematic_axis(render_maps(still, "x"))[0])
