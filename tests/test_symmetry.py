import itertools

import numpy as np
import pytest
import torch
from conftest import make_galaxy
from random_galaxies import disc

from galmass_core.imaging.maps import MapConfig, render_maps
from galmass_core.networks.network import MultibranchResNet
from galmass_core.networks.scaling import Scaling
from galmass_core.networks.stacks import MapStack, encode_map, map_of
from galmass_core.networks.symmetry import (
    average_symmetries,
    draw_symmetries,
    turn,
    turn_one_by_one,
    turn_together,
)

WAYS = torch.tensor(list(itertools.product([False, True], repeat=4)))
MAPS = ("r", "V", "sigma")
NO_DUST = MapConfig(light_pixels=60, kinematic_pixels=48, dust="none")


def images(number, side=5):
    """The same asymmetric image again and again."""
    image = torch.rand(side, side, generator=torch.Generator().manual_seed(0))
    return image.expand(number, 1, side, side)


def test_turns_are_the_eight_symmetries_of_a_square():
    turned = turn({"r": images(16)}, WAYS)["r"][:, 0]
    square = [torch.rot90(images(1)[0, 0], number) for number in range(4)]
    square += [each.T for each in square]
    assert len({each.numpy().tobytes() for each in square}) == 8
    assert {each.numpy().tobytes() for each in turned} == {
        each.contiguous().numpy().tobytes() for each in square
    }


def test_samples_are_turned_together_as_one_by_one():
    x_BCHW = torch.rand(16, 1, 6, 6)
    assert torch.equal(turn_together(x_BCHW, WAYS), turn_one_by_one(x_BCHW, WAYS))


def test_only_the_last_symmetry_reverses_and_only_velocities():
    maps = {key: images(16) for key in ("r", "g-r", "V", "sigma", "occupancy")}
    turned = turn(maps, WAYS)
    backwards = WAYS[:, 3]
    for key, x_BCHW in turned.items():
        forth, back = x_BCHW[~backwards], x_BCHW[backwards]
        torch.testing.assert_close(back, 1 - forth if key == "V" else forth)


def test_nothing_drawn_turns_nothing():
    maps = {"r": images(2), "V": images(2)}
    turned = turn(maps, torch.zeros(2, 4, dtype=torch.bool))
    assert all(torch.equal(turned[key], maps[key]) for key in maps)


def test_all_maps_of_a_sample_are_turned_alike():
    maps = {"r": images(16, 5), "g-r": images(16, 5), "sigma": images(16, 5)}
    turned = turn(maps, WAYS)
    assert torch.equal(turned["r"], turned["g-r"])
    assert torch.equal(turned["r"], turned["sigma"])


def test_velocities_twice_reversed_are_as_before():
    maps = {"V": images(1)}
    way = torch.tensor([[False, False, False, True]])
    torch.testing.assert_close(turn(turn(maps, way), way), maps)


def test_all_symmetries_are_drawn_equally_often():
    drawn = draw_symmetries(np.random.default_rng(0), 16000)
    assert drawn.shape == (16000, 4)
    counts = np.bincount(drawn @ [1, 2, 4, 8], minlength=16)
    assert counts.min() > 900
    assert counts.max() < 1100


def test_scalars_stay_as_they_are():
    scalars = torch.arange(48.0).reshape(16, 3, 1, 1)
    assert torch.equal(turn({"scalars": scalars}, WAYS)["scalars"], scalars)


@pytest.fixture(scope="module")
def stars():
    """Return positions [kpc] and velocities [km/s] of a rotating disc that is seen inclined."""
    rng = np.random.default_rng(3)
    positions = disc(0.6, 0.2)(400, rng)
    x, y, _ = positions.T
    velocities = 150 * np.column_stack((-y, x, 0 * x)) / np.hypot(x, y)[:, None]
    velocities += rng.normal(0, 30, velocities.shape)
    tilt = np.array([[1, 0, 0], [0, 0.5, -(0.75**0.5)], [0, 0.75**0.5, 0.5]])
    return positions @ tilt.T, velocities @ tilt.T


def seen(positions, velocities):
    """Return the maps of stars along z as a network sees them."""
    maps = render_maps(make_galaxy(positions, velocities), "z", NO_DUST)
    scaling = Scaling(kind="log_global", limits=LIMITS, means=(0.0,), spreads=(1.0,))
    codes = {key: encode_map(key, map_of(maps, key, side))[None] for key, side in SIDES.items()}
    return {
        key: scaling.maps(MapStack(key, each), torch.from_numpy(each))
        for key, each in codes.items()
    }


LIMITS = {"r": (-2.0, 3.0), "V": (-500.0, 500.0), "sigma": (0.0, 500.0)}
SIDES = {"r": 60, "V": 48, "sigma": 48}
STEP = 6000 / 65535 / 1000  # of codes of V, scaled; 0 km/s is half of one from its code
ONE = torch.ones(3)


def assert_alike(maps, truth):
    """Compare maps as a network sees them, to a step of the codes."""
    for key, x_BCHW in maps.items():
        torch.testing.assert_close(x_BCHW, truth[key], rtol=0, atol=2.01 * STEP, msg=key)


def test_reversal_is_the_galaxy_whose_stars_all_move_backwards(stars):
    positions, velocities = stars
    maps = seen(positions, velocities)
    assert maps["V"].std() > 0.03  # it rotates: 30 km/s and more
    reversed_maps = turn(maps, torch.tensor([[False, False, False, True]]))
    assert_alike(reversed_maps, seen(positions, -velocities))


def test_a_disc_from_behind_is_mirrored_and_reversed(stars):
    """Turned half around y, which points up: left is right, and what receded approaches."""
    behind = np.diag([-1.0, 1.0, -1.0])
    mirrored = turn(seen(*stars), torch.tensor([[True, False, False, True]]))
    assert_alike(mirrored, seen(*(each @ behind for each in stars)))


def test_a_galaxy_at_another_position_angle_is_turned(stars):
    quarter = np.array([[0.0, 1, 0], [-1, 0, 0], [0, 0, 1]])  # x becomes y
    turned = turn(seen(*stars), torch.tensor([[True, False, True, False]]))
    found = seen(*(each @ quarter for each in stars))
    other = turn(seen(*stars), torch.tensor([[False, True, True, False]]))
    fits = [torch.allclose(each["V"], found["V"], atol=2.01 * STEP) for each in (turned, other)]
    assert sum(fits) == 1
    assert_alike(turned if fits[0] else other, found)


def test_pixels_without_stars_stay_so(stars):
    maps = seen(*stars)
    empty = maps["sigma"] == 0
    dark = maps["V"][empty & (maps["V"] - 0.5).abs().lt(STEP)]
    assert len(dark) > 500
    for way in WAYS:
        turned = turn(maps, way[None])
        assert int((turned["sigma"] == 0).sum()) == int(empty.sum())
        count = (turned["V"] - 0.5).abs().lt(STEP).sum()
        assert count == (maps["V"] - 0.5).abs().lt(STEP).sum()


@pytest.fixture(scope="module")
def averaged():
    torch.manual_seed(0)
    network = MultibranchResNet(MAPS, 2, width=0.05, scalars=["effective_radius"]).eval()
    return average_symmetries(network)


def noise(seed=0):
    generator = torch.Generator().manual_seed(seed)
    maps = {key: torch.rand(2, 1, 24, 24, generator=generator) for key in MAPS}
    return maps | {"scalars": torch.rand(2, 1, 1, 1, generator=generator)}


@pytest.mark.parametrize("way", WAYS.tolist())
def test_the_mean_over_all_symmetries_has_them_to_the_last_bit(averaged, way):
    maps = noise()
    with torch.no_grad():
        found = averaged(turn(maps, torch.tensor([way, way])))
        assert torch.equal(found, averaged(maps))


def test_the_mean_is_that_of_the_sixteen_predictions():
    torch.manual_seed(0)
    network = MultibranchResNet(MAPS, 2, width=0.05, scalars=["effective_radius"]).eval()
    maps = noise(1)
    with torch.no_grad():
        each = [network(turn(maps, torch.stack([way, way]))) for way in WAYS]
        found = average_symmetries(network)(maps)
    torch.testing.assert_close(found, torch.stack(each).mean(0), rtol=1e-4, atol=1e-5)
    assert torch.stack(each).std(0).min() > 1e-3  # they differ
