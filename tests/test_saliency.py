import numpy as np
import pytest
import torch

from galmass_core.network_runs import NetworkModel
from galmass_core.saliency import integrated_gradients, occlude_maps, occlude_rings
from galmass_core.scaling import Scaling
from galmass_core.training import TrainingConfig, new_network

SPREADS = (0.5, 0.25)


@pytest.fixture
def model():
    """A network with a few channels that has learned nothing."""
    network = new_network(("r", "V"), 2, TrainingConfig(width=0.05)).eval()
    for weights in network.parameters():  # no gradients of these
        weights.requires_grad_(requires_grad=False)
    scaling = Scaling(kind="log_global", limits={}, means=(10.0, 0.0), spreads=SPREADS)
    targets = ("log_mstar_1rhsm", "log_ml_r_1rhsm")
    return NetworkModel(network, scaling, targets, ("r", "V"), 60)


def some_maps(number, seed=0):
    generator = torch.Generator().manual_seed(seed)
    sides = {"r": 60, "V": 48}
    return {
        key: torch.rand(number, 1, side, side, generator=generator) for key, side in sides.items()
    }


def predict(model, maps):
    return model.scaling.unscaled(model.network(maps).numpy())


def test_gradients_add_up_to_the_difference_from_the_plain_galaxy(model):
    sample, plain = some_maps(1), some_maps(1, seed=1)
    shares = integrated_gradients(model, sample, plain, "log_ml_r_1rhsm", steps=400)
    difference = (predict(model, sample) - predict(model, plain))[0, 1]
    assert sum(share.sum() for share in shares.values()) == pytest.approx(difference, rel=0.02)
    assert shares["r"].shape == (60, 60)
    assert shares["V"].shape == (48, 48)


def test_a_sample_like_the_plain_galaxy_has_no_gradients_to_show(model):
    sample = some_maps(1)
    shares = integrated_gradients(model, sample, sample, "log_mstar_1rhsm")
    assert all(not share.any() for share in shares.values())


def test_unknown_target_is_named(model):
    with pytest.raises(ValueError, match="got 'log_mdm_1rhsm'"):
        integrated_gradients(model, some_maps(1), some_maps(1), "log_mdm_1rhsm")


def test_a_map_replaced_by_itself_changes_nothing(model):
    sample = some_maps(1)
    table = occlude_maps(model, sample, sample)
    np.testing.assert_allclose(table[["mean", "shuffled"]], 0, atol=1e-6)
    assert list(table["map"].unique()) == ["r", "V"]


def test_a_replaced_map_changes_the_prediction_as_predicting_anew_does(model):
    sample, others = some_maps(1), some_maps(5, seed=2)
    table = occlude_maps(model, sample, others).set_index(["map", "target"])
    mean = {**sample, "V": others["V"].mean(0, keepdim=True)}
    moved = predict(model, mean) - predict(model, sample)
    assert table.loc[("V", "log_mstar_1rhsm"), "mean"] == pytest.approx(moved[0, 0], abs=1e-6)
    each = [
        predict(model, {**sample, "r": one[None]})[0, 1] - predict(model, sample)[0, 1]
        for one in others["r"]
    ]
    assert table.loc[("r", "log_ml_r_1rhsm"), "shuffled"] == pytest.approx(
        np.sqrt(np.mean(np.square(each))), abs=1e-6
    )


def test_one_ring_over_all_the_map_is_the_whole_map(model):
    sample, plain = some_maps(1), some_maps(1, seed=3)
    rings = occlude_rings(model, sample, plain, edges=[0.0, 10.0])
    whole = occlude_maps(model, sample, plain)
    np.testing.assert_allclose(rings["change"], whole["mean"], atol=1e-6)


def test_a_ring_beyond_the_map_changes_nothing(model):
    rings = occlude_rings(model, some_maps(1), some_maps(1, seed=4), edges=[5.0, 6.0])
    np.testing.assert_allclose(rings["change"], 0, atol=1e-6)
