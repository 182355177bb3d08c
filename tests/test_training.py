import math
import time
from dataclasses import replace

import numpy as np
import pytest
import torch

from galmass_core.networks import training
from galmass_core.networks.batches import MapFeed
from galmass_core.networks.presets import PRESETS, TrainingConfig
from galmass_core.networks.scaling import Scaling
from galmass_core.networks.stacks import MapStack
from galmass_core.networks.training import (
    Epoch,
    Learner,
    estimate_seconds,
    new_network,
    pick_device,
    predict_rows,
    train_epochs,
)

CPU = torch.device("cpu")
SMALL = TrainingConfig(width=0.03, epochs=3, batch=8, learning_rate=1e-3)
PARTS = {"train": np.arange(40), "validation": np.arange(40, 60)}


def make_feed(number=60, side=16, seed=0):
    """Noise around a level; the level is the planted signal."""
    generator = np.random.default_rng(seed)
    levels = generator.uniform(-1, 1, number)
    noise = generator.uniform(-0.2, 0.2, (number, side, side))
    codes = (20000 * (levels[:, None, None] + noise)).astype(np.int16)
    limits = {"V": (-3000.0, 3000.0)}
    scaling = Scaling(kind="log_global", limits=limits, means=(0.0,), spreads=(1.0,))
    return MapFeed({"V": MapStack("V", codes)}, scaling, CPU), levels[:, None].astype(np.float32)


@pytest.fixture(scope="module")
def feed_and_targets():
    return make_feed()


def make_learner(config=SMALL, outputs=1):
    return Learner(new_network(("V",), outputs, config), config, CPU)


def epochs_of(config, feed_and_targets, learner=None, first=0):
    learner = learner or make_learner(config)
    seen = train_epochs(learner, *feed_and_targets[:1], PARTS, feed_and_targets[1], first)
    return [each for each in seen if isinstance(each, Epoch)], learner


def weights_of(learner):
    return {name: each.clone() for name, each in learner.tensors().items()}


def assert_same(one, other):
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_the_paper_s_hyperparameters_are_the_default():
    config = TrainingConfig()
    assert (config.epochs, config.batch, config.learning_rate) == (200, 40, 1e-4)
    assert (config.width, config.schedule, config.augment) == (1.0, "cosine", False)
    assert PRESETS["paper"] == (config, 300)


def test_the_rate_falls_as_a_cosine_to_0():
    config = TrainingConfig(epochs=4, learning_rate=1.0)
    rates = [config.rate(epoch) for epoch in range(5)]
    root = math.sqrt(0.5)
    assert rates == pytest.approx([1, (1 + root) / 2, 0.5, (1 - root) / 2, 0])


def test_the_literal_rate_hardly_falls():
    config = TrainingConfig(schedule="literal")
    assert config.rate(0) == 1e-4
    assert config.rate(199) == pytest.approx(1e-4 * math.cos(199 / 200))
    assert config.rate(199) > 0.5e-4


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"width": 0}, "width must be positive, and 16 at most, got 0"),
        ({"epochs": 0}, "epochs must be positive, and 1000000 at most, got 0"),
        ({"epochs": 10**12}, "epochs must be .* got 1000000000000"),
        ({"batch": -1}, "batch must be positive, and .* got -1"),
        ({"learning_rate": float("nan")}, "learning_rate must be positive, and 10 .* got nan"),
        ({"learning_rate": float("inf")}, "learning_rate must be .* got inf"),
        ({"schedule": "step"}, "schedule must be one of cosine, literal, got 'step'"),
        ({"scaling": "asinh"}, "scaling must be one of log_global, .* got 'asinh'"),
    ],
)
def test_a_configuration_that_cannot_be_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        TrainingConfig(**changes)


def test_the_loss_is_the_mean_square_over_samples_and_targets():
    torch.manual_seed(0)
    learner = make_learner(outputs=2)
    maps, targets = {"V": torch.rand(32, 1, 16, 16)}, torch.randn(32, 2)
    learner.network.train()
    outputs = learner.network(maps)
    pairs = list(zip(outputs.tolist(), targets.tolist(), strict=True))
    truth = [sum((out[each] - true[each]) ** 2 for out, true in pairs) / 32 for each in (0, 1)]
    (slope,) = torch.autograd.grad(
        ((outputs - targets) ** 2).sum() / 64, [learner.network.fc.weight]
    )
    before = learner.network.fc.weight.detach().clone()
    assert learner.step(maps, targets).tolist() == pytest.approx(truth, rel=1e-5)
    step = learner.network.fc.weight.detach() - before  # Adam's first step has the rate's length
    torch.testing.assert_close(step, -1e-3 * slope.sign(), rtol=1e-3, atol=1e-9)


def test_a_new_learner_has_learned_nothing():
    learner = make_learner()
    first = new_network(("V",), 1, SMALL).state_dict()
    found = learner.tensors()
    assert all(torch.equal(found[f"network.{name}"], each) for name, each in first.items())
    moments = [each for name, each in found.items() if name.startswith("adam.")]
    assert len(moments) == 3 * len(list(learner.network.parameters()))
    assert not any(each.any() for each in moments)


def test_first_weights_follow_from_the_seed_alone():
    torch.manual_seed(1)
    one = new_network(("V", "r"), 1, SMALL).state_dict()
    state = torch.get_rng_state()
    torch.manual_seed(2)
    other = new_network(("V", "r"), 1, SMALL).state_dict()
    assert_same(one, other)
    torch.manual_seed(1)
    assert torch.equal(torch.get_rng_state(), state)  # nobody else's numbers change
    changed = new_network(("V", "r"), 1, replace(SMALL, seed=1)).state_dict()
    assert not torch.equal(one["fc.weight"], changed["fc.weight"])


def test_the_order_of_an_epoch_follows_from_seed_and_number(feed_and_targets, monkeypatch):
    orders = {}

    def order_of(seed, first):
        config = replace(SMALL, seed=seed, epochs=first + 1)
        feed, targets = feed_and_targets
        rows, batches = [], MapFeed.batches

        def spy(self, order, size):
            rows.append(order)
            return batches(self, order, size)

        monkeypatch.setattr(MapFeed, "batches", spy)
        list(train_epochs(make_learner(config), feed, PARTS, targets, first))
        monkeypatch.undo()
        return rows[0]

    for seed, first in [(0, 0), (0, 1), (1, 0)]:
        orders[seed, first] = order_of(seed, first)
        assert sorted(orders[seed, first]) == list(range(40))
        np.testing.assert_array_equal(order_of(seed, first), orders[seed, first])
    assert len({tuple(each) for each in orders.values()}) == 3


def test_a_window_of_all_samples_trains_the_same(feed_and_targets):
    config = replace(SMALL, augment=True, epochs=2)
    _, whole = epochs_of(config, feed_and_targets)
    learner = make_learner(config)
    list(train_epochs(learner, feed_and_targets[0], PARTS, feed_and_targets[1], window=40))
    assert_same(weights_of(learner), weights_of(whole))


def test_a_window_is_whole_batches(feed_and_targets, monkeypatch):
    windows = []

    def spy(self, rows, rng, window):
        windows.append(window)
        return rows

    monkeypatch.setattr(MapFeed, "shuffled", spy)
    for window in (None, 5, 20):
        config = replace(SMALL, epochs=1)
        list(
            train_epochs(
                make_learner(config),
                *feed_and_targets[:1],
                PARTS,
                feed_and_targets[1],
                window=window,
            )
        )
    assert windows == [None, 8, 16]


@pytest.mark.parametrize("augment", [False, True])
def test_a_training_taken_up_ends_as_an_unbroken_one(feed_and_targets, augment):
    config = replace(SMALL, augment=augment)
    whole, learner = epochs_of(config, feed_and_targets)
    broken = make_learner(config)
    run = train_epochs(broken, feed_and_targets[0], PARTS, feed_and_targets[1])
    next(each for each in run if isinstance(each, Epoch))
    kept = weights_of(broken)
    next(run)  # a step of the second epoch, lost
    again = make_learner(config)
    with torch.no_grad():
        for name, each in again.tensors().items():
            each.copy_(kept[name])
    rest, _ = epochs_of(config, feed_and_targets, again, first=1)
    assert_same(weights_of(again), weights_of(learner))
    assert [each.train.tolist() for each in rest] == [each.train.tolist() for each in whole[1:]]


def test_the_same_training_twice_is_the_same(feed_and_targets):
    one, other = (weights_of(epochs_of(SMALL, feed_and_targets)[1]) for _ in range(2))
    assert_same(one, other)
    changed = weights_of(epochs_of(replace(SMALL, seed=1), feed_and_targets)[1])
    assert not torch.equal(one["network.fc.weight"], changed["network.fc.weight"])


def test_a_network_learns_a_planted_signal(feed_and_targets):
    config = replace(SMALL, width=0.06, epochs=20, learning_rate=1e-2)
    epochs, learner = epochs_of(config, feed_and_targets)
    variance = feed_and_targets[1][PARTS["validation"]].var()
    assert epochs[-1].train[0] < 0.2 * epochs[0].train[0]
    assert epochs[-1].validation[0] < 0.1 * variance
    outputs = predict_rows(learner.network, feed_and_targets[0], PARTS["validation"])
    truth = feed_and_targets[1][PARTS["validation"]]
    error = np.square(outputs - truth, dtype=float).mean()
    assert error == pytest.approx(epochs[-1].validation[0])


def test_predicting_teaches_nothing(feed_and_targets):
    learner = make_learner()
    before = weights_of(learner)
    one = predict_rows(learner.network, feed_and_targets[0], np.arange(60))
    assert_same(weights_of(learner), before)
    some = predict_rows(learner.network, feed_and_targets[0], np.array([5, 50]))
    np.testing.assert_allclose(some, one[[5, 50]], rtol=1e-5, atol=1e-6)


def test_every_epoch_reports_its_steps_and_its_rate(feed_and_targets):
    config = replace(SMALL, batch=16)
    seen = list(train_epochs(make_learner(config), feed_and_targets[0], PARTS, feed_and_targets[1]))
    assert [each for each in seen if isinstance(each, int)] == 3 * [16, 32]  # 8 samples are left
    rates = [each.learning_rate for each in seen if isinstance(each, Epoch)]
    assert rates == pytest.approx([1e-3, 0.75e-3, 0.25e-3])


def test_a_batch_is_never_larger_than_the_training_part(feed_and_targets):
    learner = make_learner(replace(SMALL, batch=1000, epochs=1))
    seen = list(train_epochs(learner, feed_and_targets[0], PARTS, feed_and_targets[1]))
    assert seen[0] == 40


def test_the_rate_of_an_epoch_is_the_optimiser_s(feed_and_targets):
    config = replace(SMALL, learning_rate=1e-12)  # as good as none
    _, learner = epochs_of(config, feed_and_targets)
    before = new_network(("V",), 1, config).fc.weight
    torch.testing.assert_close(learner.network.fc.weight, before, rtol=0, atol=1e-9)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_device_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match=r"device must be one that this machine has.*got 'cuda'"):
        pick_device("cuda")
    assert pick_device("auto") == CPU


def test_a_device_that_nobody_has_is_refused():
    with pytest.raises(ValueError, match=r"device must be .* got 'abacus'"):
        pick_device("abacus")


def test_an_estimate_grows_with_the_epochs(monkeypatch):
    monkeypatch.setattr(training, "_time", lambda work, device: work().sum().isfinite() * 0.01)
    samples = {"train": 80, "validation": 16}
    one, ten = (
        float(estimate_seconds(("r", "V"), 1, 60, replace(SMALL, epochs=epochs), samples=samples))
        for epochs in (1, 10)
    )
    assert one == pytest.approx(10 * 0.01 + 2 * 0.01)
    assert ten == pytest.approx(10 * one)


def test_an_estimate_is_near_what_a_training_takes(monkeypatch):
    monkeypatch.setattr(training.time, "perf_counter", time.process_time)  # others may use the CPU
    feed_and_targets = make_feed(side=48)
    config = replace(SMALL, epochs=5)
    samples = {part: len(rows) for part, rows in PARTS.items()}
    estimate = estimate_seconds(("V",), 1, 300, config, samples=samples)
    began = time.process_time()
    epochs_of(config, feed_and_targets)
    spent = time.process_time() - began
    assert 0.2 * spent < estimate < 5 * spent


def test_unlabelled_samples_align_features_and_leave_the_labelled_batches(feed_and_targets):
    feed, targets = feed_and_targets
    config = replace(SMALL, epochs=1)
    others, rows = make_feed(seed=5)[0], np.arange(30)
    seen = []
    for alignment in ("", "mmd"):
        learner = Learner(new_network(("V",), 1, config), config, CPU, alignment=alignment)
        step = learner.step

        def watched(maps, targets_BT, step=step):
            seen.append((len(maps["V"]), targets_BT.clone()))
            return step(maps, targets_BT)

        learner.step = watched
        unlabelled = (others, rows) if alignment else None
        list(train_epochs(learner, feed, PARTS, targets, unlabelled=unlabelled))
    plain, aligned = seen[:5], seen[5:]
    assert [size for size, _ in plain] == [8] * 5
    assert [size for size, _ in aligned] == [16] * 5
    assert all(torch.equal(one, other) for (_, one), (_, other) in zip(plain, aligned, strict=True))


def test_errors_of_subsets_count_relative_to_the_roots_of_their_running_means():
    network = new_network(("V",), 2, SMALL, [("V",)])
    learner = Learner(network, SMALL, CPU)
    maps, scale = {"V": torch.rand(8, 1, 16, 16)}, torch.tensor([0.1, 3.0])
    targets = scale * torch.randn(8, 2)
    network.train()
    outputs = network(maps)
    errors = (outputs - targets).square().mean(0)
    usual = (0.9 + 0.1 * errors).detach()
    weights = network.fc.weight
    (slope,) = torch.autograd.grad((errors / usual.sqrt()).mean(), [weights])
    torch.testing.assert_close(learner.step(maps, targets), errors)
    torch.testing.assert_close(learner.tensors()["usual"], usual)
    moment = learner.tensors()["adam.exp_avg.fc.weight"]
    torch.testing.assert_close(moment, 0.1 * slope)


def test_a_training_of_subsets_taken_up_ends_as_an_unbroken_one(feed_and_targets):
    feed, targets = feed_and_targets

    def make():
        return Learner(new_network(("V",), 1, SMALL, [("V",)]), SMALL, CPU)

    _, whole = epochs_of(SMALL, feed_and_targets, make())
    broken = make()
    run = train_epochs(broken, feed, PARTS, targets)
    next(each for each in run if isinstance(each, Epoch))
    again = make()
    with torch.no_grad():
        for name, each in broken.tensors().items():
            again.tensors()[name].copy_(each)
    epochs_of(SMALL, feed_and_targets, again, first=1)
    assert_same(weights_of(again), weights_of(whole))
