from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from galmass_core.assets import asset
from galmass_core.datasets.dataset import open_dataset
from galmass_core.datasets.shards import PROFILE_COLUMNS
from galmass_core.learning.boosting import BoostingConfig
from galmass_core.learning.coverage import measure_coverage, score_intervals
from galmass_core.learning.experiments import experiment
from galmass_core.learning.intervals import calibrate
from galmass_core.learning.mass_profiles import (
    at_radii,
    calibrate_profiles,
    consistent,
    fit_profile,
    learnable,
    profile_table,
    rearrange_limits,
    true_profiles,
)
from galmass_core.quantities import profile_columns, profile_sequences, quantity, symbol_of

STARS = profile_sequences()["log_mstar", "rhsm"]


def anything(rows, seed=0):
    """Return numbers that are no profiles."""
    values = np.random.default_rng(seed).normal(10, 1, (rows, len(profile_columns())))
    return pd.DataFrame(values, columns=list(profile_columns()))


def stored(radii, masses):
    """Return a stored profile with the same mass of every kind."""
    columns = dict.fromkeys(PROFILE_COLUMNS, masses) | {"radius": radii}
    return np.array([columns[key] for key in PROFILE_COLUMNS])


def named(rows):
    return pd.DataFrame({"name": [f"g{row}" for row in range(rows)], "los": "z"})


def test_mass_is_interpolated_exactly_where_it_is_a_power_of_radius():
    radii = np.geomspace(0.1, 100, 64)
    found = dict(zip(profile_columns(), at_radii(stored(radii, 5 * radii**2), 4.0), strict=True))
    assert found["log_mdm_0.5rhsm"] == pytest.approx(np.log10(5 * 2.0**2))
    assert found["log_mtot_10kpc"] == pytest.approx(np.log10(5 * 10.0**2))


def test_mass_is_unknown_beyond_stored_radii_and_where_no_particle_is():
    radii = np.geomspace(0.5, 15, 64)
    masses = np.where(radii < 1.5, 0, radii)
    found = dict(zip(profile_columns(), at_radii(stored(radii, masses), 2.0), strict=True))
    unknown = [key for key in profile_sequences()["log_mstar", "kpc"] if np.isnan(found[key])]
    assert unknown == ["log_mstar_1kpc", "log_mstar_20kpc"]


def test_interpolated_masses_are_those_that_the_table_has_measured():
    data = open_dataset(asset("showcase"))
    measured = [f"log_{mass}_{radius}rhsm" for mass in ("mstar", "mtot") for radius in (1, 2)]
    without = replace(data, samples=data.samples.drop(columns=measured))
    difference = true_profiles(without)[measured] - data.samples[measured]
    assert difference.abs().to_numpy().max() < 0.01


def test_masses_of_the_table_come_before_interpolated_ones():
    data = open_dataset(asset("showcase"))
    changed = replace(data, samples=data.samples.assign(log_mdm_1rhsm=7.0))
    assert (true_profiles(changed)["log_mdm_1rhsm"] == 7.0).all()


def test_data_without_profiles_cannot_be_learned_from():
    with pytest.raises(ValueError, match="build it of particles"):
        learnable(anything(3) * np.nan)


def test_no_predicted_mass_falls_outwards_whatever_trees_predict():
    masses = consistent(anything(200))
    assert all(
        (masses[list(keys)].diff(axis=1) >= 0).iloc[:, 1:].all(axis=None)
        for keys in profile_sequences().values()
    )


def test_no_total_is_below_stars_and_dark_matter_whatever_trees_predict():
    masses = 10 ** consistent(anything(200))
    for unit in ("rhsm", "kpc"):
        star, dark, total = (
            masses[list(profile_sequences()[f"log_{mass}", unit])].to_numpy()
            for mass in ("mstar", "mdm", "mtot")
        )
        assert (total >= (star + dark) * (1 - 1e-12)).all()


def test_profiles_that_rise_are_not_changed():
    rising = consistent(anything(20))
    pd.testing.assert_frame_equal(consistent(rising), rising)


def test_profile_that_follows_from_features_is_recovered():
    rng = np.random.default_rng(0)
    inputs = pd.DataFrame({"a": rng.integers(0, 5, 400), "b": rng.integers(0, 4, 400)}).astype(
        float
    )
    keys = STARS[:3]
    slopes = {key: 0.1 * (place + 1) for place, key in enumerate(keys)}
    truth = pd.DataFrame(
        {key: 10 + slope * inputs["a"] + inputs["b"] * slope for key, slope in slopes.items()}
    )
    truth.loc[::7, keys[0]] = np.nan  # a gap in one mass leaves the others
    model = fit_profile(
        inputs[:300], truth[:300], BoostingConfig(num_boost_round=500, min_data_in_leaf=5)
    )
    errors = (model.predict(inputs) - truth)[300:]
    assert errors.abs().to_numpy()[~errors.isna()].max() < 0.001


def test_mass_that_no_training_sample_knows_is_not_learned():
    inputs = pd.DataFrame({"a": np.arange(60.0)})
    truth = pd.DataFrame({STARS[0]: np.nan, STARS[1]: inputs["a"]})
    model = fit_profile(inputs, truth, BoostingConfig(num_boost_round=2))
    assert list(model.predict(inputs)) == [STARS[1]]


def cover_at_each_radius(galaxies, seed):
    """Return the coverage of bands at three radii, of errors that one feature makes six times."""
    rng, keys = np.random.default_rng(seed), STARS[:3]
    inputs = pd.DataFrame(rng.uniform(0, 1, (galaxies, 1)), columns=["a"])
    size = 0.02 + 0.1 * inputs[["a"]].to_numpy()
    errors = size * (rng.normal(size=(galaxies, 1)) + rng.normal(0, 0.3, (galaxies, 3)))
    truth = pd.DataFrame(10 + np.array([0, 0.1, 0.15]) + errors, columns=list(keys))
    truth.loc[inputs["a"] < 0.1, keys[2]] = np.nan
    train, config = np.arange(galaxies) < galaxies // 2, BoostingConfig(num_boost_round=5)
    model = fit_profile(inputs[train], truth[train], config)
    model, errors = calibrate_profiles(
        model, inputs[train], truth[train], named(galaxies)[train], config
    )
    calibrations = {key: calibrate(rows) for key, rows in errors.dropna().groupby("target")}
    predicted = model.predict(inputs[~train])
    table = profile_table(
        named(galaxies)[~train],
        predicted,
        truth[~train],
        "test",
        model.scale_of(inputs[~train], predicted),
    )
    return rearrange_limits(score_intervals(table.dropna(), calibrations)), inputs["a"]


def test_bands_cover_at_each_radius_as_often_as_they_say():
    scored, _ = cover_at_each_radius(3000, 5)
    for _, rows in scored.groupby("target"):
        for level, found in measure_coverage(rows)[0]["coverage"].items():
            assert found["value"] == pytest.approx(float(level), abs=2.5 * found["error"])


def test_bands_are_wide_where_errors_are_large():
    scored, feature = cover_at_each_radius(3000, 6)
    of = scored["name"].str[1:].astype(int).map(feature)
    width = (scored["high_68"] - scored["low_68"]).groupby(pd.qcut(of, 4, labels=False)).mean()
    assert width.iloc[3] > 2 * width.iloc[0]
    inside = scored["y_true"].between(scored["low_90"], scored["high_90"])
    assert inside.groupby(pd.qcut(of, 4, labels=False)).mean().between(0.86, 0.94).all()


def test_limits_do_not_fall_outwards_in_any_order_of_rows():
    predicted = anything(5)
    table = profile_table(named(5), predicted, predicted, "new")
    limits = ("low_68", "high_68", "low_90", "high_90")
    table = table.assign(
        **{name: anything(5, seed).melt()["value"] for seed, name in enumerate(limits)}
    )
    rising = rearrange_limits(table)
    for keys in profile_sequences().values():
        for name in limits:
            wide = rising.pivot(index="name", columns="target", values=name)[list(keys)]
            assert (wide.diff(axis=1).iloc[:, 1:] >= 0).all(axis=None)
    mixed = rearrange_limits(table.sample(frac=1, random_state=1)).sort_index()
    pd.testing.assert_frame_equal(mixed, rising)


def test_masses_inside_radii_explain_themselves():
    assert symbol_of("log_mdm_0.5rhsm") == "M_DM(<0.5 R_hsm)"
    assert quantity("log_mstar_5kpc").name == "stellar mass inside 5 kpc"


def test_profiles_are_learned_from_features_only():
    assert experiment("profile/features").targets == profile_columns()
    with pytest.raises(ValueError, match="or profile/ with features"):
        experiment("profile/ridge")
