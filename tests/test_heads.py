"""Last layers fitted to features in closed form."""

import numpy as np
import pytest
import torch

from galmass_core.networks.heads import refit_heads
from galmass_core.networks.network import MultibranchResNet

SUBSETS = (("r",), ("V",), ("r", "V"))
WIDTH = 1 / 32  # 16 features of each branch


def make_network():
    torch.manual_seed(0)
    return MultibranchResNet(SUBSETS[-1], 2, width=WIDTH, subsets=SUBSETS).eval()


@pytest.fixture
def features():
    """Return features with a mean, of 400 samples, of which a quarter choose the penalty."""
    rng = np.random.default_rng(0)
    spread = np.geomspace(0.1, 10, 32)
    return rng.normal(3, spread, (400, 32)), np.arange(400) % 4 == 0


def outputs_of(network, features):
    with torch.no_grad():
        return network.fc(torch.from_numpy(features).float()).numpy()


def test_linear_targets_are_learned_from_the_features_that_a_subset_sees(features):
    network, (values, validation) = make_network(), features
    slopes = np.random.default_rng(1).normal(0, 1, (6, 32)) * network.fc.seen.numpy()
    targets = values @ slopes.T + 5
    refit_heads(network, values, targets, validation)
    np.testing.assert_allclose(outputs_of(network, values), targets, rtol=0, atol=0.02)
    assert not network.fc.weight[network.fc.seen == 0].any()


def test_layers_that_nothing_improves_stay_as_they_are(features):
    network, (values, validation) = make_network(), features
    before = network.fc.weight.detach().clone()
    noise = np.where(validation[:, None], 0, np.random.default_rng(2).normal(0, 9, (400, 6)))
    refit_heads(network, values, outputs_of(network, values) + noise, validation)
    torch.testing.assert_close(network.fc.weight.detach(), before)


def test_noise_is_fitted_less_than_by_least_squares(features):
    network, (values, validation) = make_network(), features
    rng = np.random.default_rng(3)
    few = np.concatenate([np.flatnonzero(~validation)[:40], np.flatnonzero(validation)])
    values, validation = values[few], validation[few]
    targets = np.repeat(values[:, :1] * 10 + rng.normal(0, 3, (len(few), 1)), 6, axis=1)
    refit_heads(network, values, targets, validation)
    fitted, _, _, _ = np.linalg.lstsq(
        np.column_stack([values, np.ones(len(few))])[~validation], targets[~validation, 0]
    )
    plain = np.column_stack([values, np.ones(len(few))]) @ fitted
    errors = outputs_of(network, values)[:, 4] - targets[:, 4]
    assert np.std(errors[validation]) < 0.9 * np.std((plain - targets[:, 0])[validation])
