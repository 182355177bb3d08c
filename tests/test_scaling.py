import json

import numpy as np
import pytest
import torch

from galmass_core.networks.scaling import SCALER, Scaling, fit_scaling
from galmass_core.networks.stacks import MapStack, encode_map

TARGETS = np.array([[10.0, 11.0], [10.5, 11.5], [11.0, 13.0]])


def make_stack(key, maps_NHW):
    return MapStack(key, encode_map(key, np.asarray(maps_NHW, dtype=float)))


def light(number, pixels, *, seed=0, dark=0.3):
    """Return a stack of log10 flux between 1 and 8, some pixels dark."""
    generator = np.random.default_rng(seed)
    maps_NHW = generator.uniform(1, 8, (number, pixels, pixels))
    maps_NHW[generator.random(maps_NHW.shape) < dark] = -2
    return make_stack("r", maps_NHW), maps_NHW


def seen(scaling, stack, rows):
    return scaling.maps(stack, torch.from_numpy(stack.codes_NHW[rows])).numpy()[:, 0]


def test_limits_of_light_are_percentiles_of_lit_training_pixels():
    stack, maps_NHW = light(30, 60)
    rows = np.arange(20)
    low, high = fit_scaling("log_global", {"r": stack}, rows, TARGETS).limits["r"]
    lit = maps_NHW[:20][maps_NHW[:20] > -2]
    assert low == pytest.approx(np.percentile(lit, 0.1), abs=2e-3)
    assert high == pytest.approx(np.percentile(lit, 99.99), abs=2e-3)


def test_limits_of_four_values_are_known():
    stack = make_stack("r", [[[1.0, 2.0], [3.0, 4.0]], [[-2.0, -2.0], [-2.0, -2.0]]])
    limits = fit_scaling("log_global", {"r": stack}, np.arange(2), TARGETS).limits["r"]
    assert limits == pytest.approx((1, 4), abs=stack.step)


def test_limits_of_colour_and_motion_are_fixed():
    values = {"g-r": 0.5, "V": 100.0, "sigma": 80.0, "occupancy": 1.0}
    stacks = {key: make_stack(key, np.full((2, 3, 3), value)) for key, value in values.items()}
    scaling = fit_scaling("log_global", stacks, np.arange(2), TARGETS)
    means = {key: seen(scaling, stack, [0]).mean() for key, stack in stacks.items()}
    assert means == pytest.approx({"g-r": 0.5, "V": 0.6, "sigma": 0.16, "occupancy": 1}, abs=1e-4)


@pytest.mark.parametrize("kind", ["log_global", "linear_global", "per_image"])
def test_other_samples_do_not_change_the_scaling(kind):
    stack, maps_NHW = light(12, 20)
    spoilt = maps_NHW.copy()
    spoilt[8:] = 11.0
    rows = np.array([1, 7, 3, 0])
    one, other = (
        fit_scaling(kind, {"r": each}, rows, TARGETS) for each in (stack, make_stack("r", spoilt))
    )
    assert one == other
    assert fit_scaling("linear_global", {"r": make_stack("r", spoilt)}, np.arange(12), TARGETS) != (
        fit_scaling("linear_global", {"r": stack}, np.arange(12), TARGETS)
    )


def test_the_order_of_training_samples_does_not_matter():
    stack, _ = light(12, 20)
    one, other = (
        fit_scaling("log_global", {"r": stack}, np.array(rows), TARGETS)
        for rows in ([1, 7, 3], [7, 3, 1])
    )
    assert one == other


def test_log_global_is_straight_in_the_logarithm_and_cut():
    scaling = Scaling(kind="log_global", limits={"r": (2.0, 8.0)}, means=(), spreads=())
    stack = make_stack("r", [[[1.0, 2.0, 5.0, 8.0, 9.0, -2.0]]])
    np.testing.assert_allclose(seen(scaling, stack, [0])[0, 0], [0, 0, 0.5, 1, 1, 0], atol=3e-5)


def test_linear_global_is_straight_in_flux_between_all_training_pixels():
    stack = make_stack("r", [[[3.0, 4.0]], [[5.0, 4.0]], [[6.0, 2.0]]])
    scaling = fit_scaling("linear_global", {"r": stack}, np.array([0, 1]), TARGETS)
    flux = np.array([[3.0, 4.0], [5.0, 4.0], [6.0, 2.0]])
    truth = np.clip((10**flux - 1e3) / (1e5 - 1e3), 0, 1)
    np.testing.assert_allclose(seen(scaling, stack, [0, 1, 2])[:, 0], truth, atol=1e-3)


def test_linear_global_takes_the_greatest_speed_with_both_signs():
    stack = make_stack("V", [[[-200.0, 0.0, 100.0]]])
    scaling = fit_scaling("linear_global", {"V": stack}, np.array([0]), TARGETS)
    np.testing.assert_allclose(seen(scaling, stack, [0])[0, 0], [0, 0.5, 0.75], atol=1e-3)


def test_per_image_forgets_how_bright_a_galaxy_is():
    faint = np.random.default_rng(0).uniform(3, 5, (1, 8, 8))
    stack = make_stack("r", np.concatenate([faint, faint + 2]))
    scaling = fit_scaling("per_image", {"r": stack}, np.array([0, 1]), TARGETS)
    images = seen(scaling, stack, [0, 1])
    np.testing.assert_allclose(images[0], images[1], atol=1e-3)
    assert (images.min(), images.max()) == (0, 1)


def test_per_image_shows_an_even_image_as_0():
    stack = make_stack("sigma", np.full((1, 4, 4), 90.0))
    scaling = fit_scaling("per_image", {"sigma": stack}, np.array([0]), TARGETS)
    assert not seen(scaling, stack, [0]).any()


@pytest.mark.parametrize("kind", ["log_global", "linear_global", "per_image"])
def test_occupancy_stays_as_it_is(kind):
    maps_NHW = np.random.default_rng(0).integers(2, size=(3, 5, 5))
    stack = make_stack("occupancy", maps_NHW)
    scaling = fit_scaling(kind, {"occupancy": stack}, np.arange(3), TARGETS)
    np.testing.assert_allclose(seen(scaling, stack, np.arange(3)), maps_NHW, atol=1e-6)


@pytest.mark.parametrize("kind", ["log_global", "linear_global", "per_image"])
def test_networks_see_numbers_from_0_to_1(kind):
    stack, _ = light(10, 20)
    scaling = fit_scaling(kind, {"r": stack}, np.arange(5), TARGETS)
    images = scaling.maps(stack, torch.from_numpy(stack.codes_NHW[np.arange(10)]))
    assert images.shape == (10, 1, 20, 20)
    assert images.dtype == torch.float32
    assert images.min() == 0
    assert images.max() == pytest.approx(1, abs=1e-6)


def test_targets_have_mean_0_and_spread_1_and_come_back():
    scaling = fit_scaling("log_global", {}, np.arange(3), TARGETS)
    scaled = scaling.scaled(TARGETS)
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(scaled.std(axis=0), 1, atol=1e-6)
    np.testing.assert_allclose(scaling.unscaled(scaled), TARGETS, atol=1e-6)


def test_targets_that_are_all_equal_come_back_too():
    scaling = fit_scaling("log_global", {}, np.arange(3), np.full((3, 1), 10.0))
    np.testing.assert_allclose(scaling.unscaled(scaling.scaled(np.full((3, 1), 10.0))), 10.0)


def test_a_scaling_is_kept_to_the_last_digit(tmp_path):
    scaling = fit_scaling("log_global", {"r": light(4, 10)[0]}, np.arange(4), TARGETS)
    scaling.save(tmp_path)
    assert Scaling.load(tmp_path) == scaling


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.unlink(),
        lambda path: path.write_text(path.read_text()[:40]),
        lambda path: path.write_text("[]"),
        lambda path: path.write_text(json.dumps({"kind": "log_global", "limits": []})),
        lambda path: path.write_bytes(b"\xff\xfe"),
    ],
)
def test_a_missing_or_damaged_file_is_named(tmp_path, spoil):
    fit_scaling("log_global", {}, np.arange(3), TARGETS).save(tmp_path)
    spoil(tmp_path / SCALER)
    with pytest.raises(ValueError, match=r"scaler.json: .*must be "):
        Scaling.load(tmp_path)


def test_an_unknown_scaling_is_refused():
    with pytest.raises(ValueError, match=r"must be one of log_global, .* got 'asinh'"):
        fit_scaling("asinh", {}, np.arange(3), TARGETS)


def test_images_without_any_light_are_refused():
    stack = make_stack("r", np.full((3, 4, 4), -2.0))
    with pytest.raises(ValueError, match="r must have light in a training image"):
        fit_scaling("log_global", {"r": stack}, np.arange(3), TARGETS)
