import numpy as np
import pytest
import torch

from galmass_core.networks.batches import MapFeed
from galmass_core.networks.scaling import Scaling
from galmass_core.networks.stacks import MapStack

CPU = torch.device("cpu")


@pytest.fixture
def stacks():
    codes = np.random.default_rng(0).integers(-32768, 32767, (10, 6, 6), dtype=np.int16)
    return {"V": MapStack("V", codes), "sigma": MapStack("sigma", codes // 2)}


@pytest.fixture
def scaling():
    limits = {"V": (-3000.0, 3000.0), "sigma": (0.0, 3000.0)}
    return Scaling(kind="log_global", limits=limits, means=(0.0,), spreads=(1.0,))


@pytest.fixture
def feed(stacks, scaling):
    return MapFeed(stacks, scaling, CPU)


def test_batches_come_in_the_order_asked_for(feed):
    rows = np.array([7, 1, 4, 0, 9])
    found = list(feed.batches(rows, 2))
    assert [batch.tolist() for batch, _ in found] == [[7, 1], [4, 0], [9]]
    both = torch.cat([maps["V"] for _, maps in found])
    assert torch.equal(both, feed.maps(rows)["V"])


def test_the_last_batch_may_be_smaller(feed):
    sizes = [len(maps["sigma"]) for _, maps in feed.batches(np.arange(10), 4)]
    assert sizes == [4, 4, 2]


def test_a_sample_is_the_same_in_any_batch(feed):
    alone = feed.maps(np.array([3]))
    among = feed.maps(np.array([5, 3, 8]))
    assert all(torch.equal(alone[key][0], among[key][1]) for key in alone)


@pytest.fixture
def narrow(feed, stacks, scaling, tmp_path):
    """Return a feed of the same maps in files, with memory for half of them."""
    in_files = {}
    for key, stack in stacks.items():
        np.save(tmp_path / f"{key}.npy", stack.codes_NHW)
        in_files[key] = MapStack(key, np.load(tmp_path / f"{key}.npy", mmap_mode="r"))
    return MapFeed(in_files, scaling, CPU, memory=feed.size)


def test_scalars_come_with_their_samples(stacks, scaling):
    scalars = np.arange(20, dtype=np.float32).reshape(10, 2)
    feed = MapFeed(stacks, scaling, CPU, scalars_NS=scalars)
    ((_, first), (_, second)) = feed.batches(np.array([7, 1, 4]), 2)
    assert first["scalars"].shape == (2, 2, 1, 1)
    assert [*first["scalars"].flatten(), *second["scalars"].flatten()] == [14, 15, 2, 3, 8, 9]
    assert feed.maps(np.array([9]))["scalars"].flatten().tolist() == [18, 19]


def test_maps_that_fit_are_not_read_in_windows(feed, stacks, scaling):
    assert MapFeed(stacks, scaling, CPU, memory=2 * feed.size).window is None


def test_maps_that_do_not_fit_are_read_a_fifth_of_the_memory_at_a_time(narrow):
    assert narrow.size == 10 * 2 * 36 * 2
    assert narrow.window == 2


@pytest.mark.parametrize("size", [1, 2, 4, 20])
def test_batches_from_windows_are_the_same(feed, narrow, size):
    rows = np.array([7, 1, 4, 0, 9])
    pairs = zip(feed.batches(rows, size), narrow.batches(rows, size), strict=True)
    for (theirs, true), (found, maps) in pairs:
        assert found.tolist() == theirs.tolist()
        assert all(torch.equal(maps[key], true[key]) for key in true)


def test_a_gpu_s_batches_are_pinned_ahead(feed, stacks, monkeypatch):
    pinned = []
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda self: pinned.append(1) or self)
    monkeypatch.setattr(MapFeed, "_scaled", lambda self, codes: codes)
    feed.device = torch.device("cuda")
    found = [maps["V"] for _, maps in feed.batches(np.arange(10), 4)]
    assert torch.equal(torch.cat(found), torch.from_numpy(stacks["V"].codes_NHW))
    assert len(pinned) == 2 * 3
