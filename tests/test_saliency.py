import numpy as np
import pytest
import torch

from galmass_core.networks.scaling import Scaling
from galmass_core.networks.training import TrainingConfig, new_network
from galmass_core.training.network_model import NetworkModel
from galmass_core.training.saliency import (
    explain,
    integrated_gradients,
    mean_maps,
    occlude_maps,
    occlude_rings,
)

MASS, RATIO = "log_mstar_1rhsm", "log_ml_r_1rhsm"


@pytest.fixture(params=[0, 1])
def model(request):
    """A network with a few channels that has learned nothing."""
    network = new_network(("r", "V"), 2, TrainingConfig(width=0.05, seed=request.param)).eval()
    scaling = Scaling(kind="log_global", limits={}, means=(10.0, 0.0), spreads=(0.5, 0.25))
    return NetworkModel(network, scaling, (MASS, RATIO), ("r", "V"), 60)


def some_maps(number, seed=0):
    generator = torch.Generator().manual_seed(seed)
    sides = {"r": 60, "V": 48}
    return {
        key: torch.rand(number, 1, side, side, generator=generator) for key, side in sides.items()
    }


def predict(model, maps, target):
    with torch.no_grad():
        outputs = model.scaling.unscaled(model.network(maps).numpy())
    return outputs[:, model.targets.index(target)]


@pytest.mark.parametrize("target", [MASS, RATIO])
def test_pixels_of_each_map_add_up_to_what_the_map_adds(model, target):
    sample, plain = some_maps(1), some_maps(1, seed=1)
    shares = integrated_gradients(model, sample, plain, target)
    for key, share in shares.items():
        without = predict(model, {**sample, key: plain[key]}, target)
        difference = (predict(model, sample, target) - without)[0]
        assert share.sum() == pytest.approx(difference, rel=0.02, abs=0.001)
    assert shares["r"].shape == (60, 60)
    assert shares["V"].shape == (48, 48)


def test_gradients_of_a_linear_network_are_its_weights(model):
    class Sum(torch.nn.Module):
        outputs = 1

        def forward(self, x):
            return (weights * x).sum((1, 2, 3))[:, None]

    weights = torch.linspace(-1, 1, 48 * 48).view(1, 1, 48, 48)
    model.network.branches = torch.nn.ModuleDict({"V": Sum()})
    model.network.fc = torch.nn.Linear(1, 2)
    sample, plain = ({"V": some_maps(1, seed=seed)["V"]} for seed in (0, 1))
    share = integrated_gradients(model, sample, plain, RATIO)["V"]
    expected = 0.25 * model.network.fc.weight[1] * weights * (sample["V"] - plain["V"])
    np.testing.assert_allclose(share, expected[0, 0].detach(), rtol=1e-4, atol=1e-7)


def test_a_sample_like_the_plain_galaxy_has_no_gradients_to_show(model):
    sample = some_maps(1)
    shares = integrated_gradients(model, sample, sample, MASS)
    assert all(not share.any() for share in shares.values())


def test_unknown_target_is_named(model):
    with pytest.raises(ValueError, match="got 'log_mdm_1rhsm'"):
        integrated_gradients(model, some_maps(1), some_maps(1), "log_mdm_1rhsm")


def test_a_map_replaced_by_itself_changes_nothing(model):
    sample = some_maps(1)
    table = occlude_maps(model, sample, sample, MASS)
    np.testing.assert_allclose(table["change"], 0, atol=1e-6)
    assert list(table["map"].unique()) == ["r", "V"]


def test_a_replaced_map_changes_the_prediction_as_predicting_again_does(model):
    sample, others = some_maps(1), some_maps(20, seed=2)
    table = occlude_maps(model, sample, others, RATIO).set_index(["map", "by"])["change"]
    own = predict(model, sample, RATIO)
    mean = predict(model, {**sample, "V": mean_maps(others)["V"]}, RATIO) - own
    assert table.loc[("V", "mean")].item() == pytest.approx(mean[0], abs=1e-6)
    each = [predict(model, {**sample, "r": one[None]}, RATIO)[0] - own[0] for one in others["r"]]
    np.testing.assert_allclose(table.loc[("r", "other")], each, atol=1e-6)


def test_one_ring_over_all_the_map_is_the_whole_map(model):
    sample, plain = some_maps(1), some_maps(1, seed=3)
    rings = occlude_rings(model, sample, plain, MASS, edges=[0.0, 10.0])
    whole = occlude_maps(model, sample, plain, MASS)
    np.testing.assert_allclose(rings["change"], whole.query("by == 'mean'")["change"], atol=1e-6)


def test_a_ring_where_the_galaxy_is_plain_changes_nothing(model):
    sample = some_maps(1)
    plain = {key: each.clone() for key, each in sample.items()}
    for each in plain.values():
        each[..., 20:-20, 20:-20] += 1  # up to 1.4 R_hsm in r, 0.7 in V
    rings = occlude_rings(model, sample, plain, MASS)
    changed = rings[rings["change"].abs() > 1e-6].groupby("map")["outer"]
    assert changed.min().to_dict() == {"r": 0.5, "V": 0.5}
    assert changed.max().to_dict() == {"r": 1.5, "V": 1.0}
    assert rings["outer"].max() == 3.0


def test_answers_add_up_to_the_difference_from_the_plain_galaxy(model):
    sample, others = some_maps(1), some_maps(6, seed=5)
    answer = explain(model, sample, others, MASS)
    assert answer.predicted == pytest.approx(predict(model, sample, MASS)[0])
    assert answer.plain == pytest.approx(predict(model, mean_maps(others), MASS)[0])
    added = sum(answer.added(key) for key in sample)
    assert added == pytest.approx(answer.predicted - answer.plain, abs=1e-6)
