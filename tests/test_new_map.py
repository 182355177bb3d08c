"""A map that someone adds: one function and one entry, and everything that shows maps has it."""

from dataclasses import replace

import holoviews as hv
import numpy as np
import pytest
from toy_maps import COARSE, SIDE, make_map_dataset

from galmass_app import services
from galmass_app.plots.maps import four_maps
from galmass_app.plots.scale import scale_of
from galmass_app.theme import map_colours
from galmass_app.thumbnails import thumbnails
from galmass_core.learning.experiments import experiment, input_sets
from galmass_core.networks.presets import TrainingConfig
from galmass_core.networks.stacks import open_stacks
from galmass_core.networks.symmetry import turn
from galmass_core.quantities import MAPS, QUANTITIES, MapSpec, map_keys, quantity, register_map
from galmass_core.training.model_runs import train_run
from galmass_core.training.run_predictions import load_model

TINY = TrainingConfig(width=0.03, epochs=1, batch=10, learning_rate=2e-3, augment=True)


def rms_velocity(moments_CHW):
    """Light-weighted root mean square velocity; NaN where no star is."""
    _, light_HW, _, light_v2_HW = moments_CHW.astype(float)
    seen = light_HW > 0
    square = np.divide(light_v2_HW, light_HW, out=np.full_like(light_HW, np.nan), where=seen)
    return np.sqrt(square).astype(np.float32)


SPEC = MapSpec(
    key="vrms",
    symbol="V_rms",
    name="rms velocity map",
    unit="km/s",
    made_from="moments",
    view=rms_velocity,
    pixels=48,
    codes=(0.0, 3000.0),
    limits=(0.0, 500.0),
)


@pytest.fixture(autouse=True)
def spec(monkeypatch, tmp_path):
    monkeypatch.setenv("GALMASS_HOME", str(tmp_path / "home"))
    for key in ("r", "g-r"):
        monkeypatch.setitem(MAPS, key, replace(MAPS[key], pixels=SIDE))  # of toys
    register_map(SPEC)
    yield SPEC
    del MAPS[SPEC.key], QUANTITIES[SPEC.key]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_map_dataset(tmp_path_factory.mktemp("data") / "blobs", 12, redshift=0.0)


@pytest.fixture
def maps(data):
    return data.maps(data.samples.loc[0, "name"], "x")


def test_it_is_viewed(maps):
    seen = maps.view("vrms")
    mean, spread = maps.view("V"), maps.view("sigma")
    several = maps.view("occupancy") * (maps.moments_CHW[0] > 1) > 0
    np.testing.assert_allclose(seen[several], np.hypot(mean, spread)[several], rtol=1e-4)
    assert seen.shape == (COARSE, COARSE)


def test_it_is_a_tensor_of_a_data_set(data, maps):
    tensor = data.tensors(rows=[0], pixels=SIDE)["vrms"]
    np.testing.assert_array_equal(tensor[0], maps.view("vrms"))


def test_it_has_a_stack(data, maps):
    stack = open_stacks(data, ["vrms"], SIDE)["vrms"]
    seen = np.nan_to_num(maps.view("vrms"))
    np.testing.assert_allclose(stack.values(np.array([0]))[0], seen, atol=0.51 * stack.step)


def test_its_stack_is_made_again_when_its_function_is_another(data, spec):
    first = open_stacks(data, ["vrms"])["vrms"].codes_NHW.copy()
    register_map(replace(spec, view=lambda moments_CHW: 2 * rms_velocity(moments_CHW)))
    second = open_stacks(data, ["vrms"])["vrms"].codes_NHW
    assert (second > first).any()


def test_experiments_name_it_alone_and_beside_others():
    assert experiment("mstar/vrms").maps == ("vrms",)
    assert experiment("mstar/r+2V+vrms").maps == ("r", "V", "sigma", "vrms")
    assert len(input_sets()) == 32


def test_network_learns_from_it(data, tmp_path):
    run = train_run(data, "mstar/r+vrms@60", training=TINY, device="cpu", path=tmp_path / "run")
    assert run.state == "finished"
    predicted = load_model(run).predict(data, np.arange(3), device="cpu")
    assert np.isfinite(predicted).all()


def test_it_changes_sign_with_velocities_only_where_that_is_stated(spec):
    import torch

    maps, backwards = {"vrms": torch.full((1, 1, 2, 2), 0.25)}, torch.tensor([[0, 0, 0, 1]]).bool()
    assert turn(maps, backwards)["vrms"].unique().tolist() == [0.25]
    register_map(replace(spec, limits=(-500.0, 500.0), odd=True))
    assert turn(maps, backwards)["vrms"].unique().tolist() == [0.75]


def test_it_is_drawn(maps):
    pictures = four_maps(maps)
    drawn = {each.vdims[0].name: each for each in pictures}
    assert list(drawn) == list(map_keys()) == ["r", "g-r", "V", "sigma", "vrms"]
    assert drawn["vrms"].opts.get("style").kwargs["cmap"] == map_colours("sigma", "light")
    low, high = drawn["vrms"].opts.get("plot").kwargs["clim"]
    assert (low, high) == (scale_of(maps, "vrms").low, scale_of(maps, "vrms").high)
    assert hv.render(pictures)


def test_it_has_a_thumbnail(data):
    small = thumbnails(data, data.samples.loc[0, "name"], "x", "dark")
    assert len(small) == 5
    assert all(each.startswith("data:image/png") for each in small)


def test_dashboard_has_its_colour_range(data):
    assert "vrms" in services.scales(data, data.samples.loc[0, "name"], "y")


def test_its_words_are_those_of_its_entry():
    assert quantity("vrms").label == "V_rms [km/s]"


@pytest.mark.parametrize("key", ["r", "occupancy", "log_mstar"])
def test_key_of_galmass_itself_is_refused(key):
    with pytest.raises(ValueError, match="the key of a new map must not be"):
        register_map(replace(SPEC, key=key))


def test_key_that_an_experiment_cannot_name_is_refused():
    with pytest.raises(ValueError, match="must not be empty or have any of"):
        replace(SPEC, key="v+rms")


def test_odd_map_needs_symmetric_limits():
    with pytest.raises(ValueError, match="symmetric about 0"):
        replace(SPEC, odd=True)


def test_unknown_map_is_refused(maps):
    with pytest.raises(ValueError, match=r"map must be one of r, g-r, V, sigma, .*, vrms"):
        maps.view("h5")
