"""Several processes train one network: real processes, connected by torch.distributed."""

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from forks import FORKS
from toy_maps import make_map_dataset

from galmass_core.datasets.dataset import open_dataset
from galmass_core.networks.batches import MapFeed
from galmass_core.networks.presets import TrainingConfig
from galmass_core.networks.ranks import Ranks, ranks_of_process
from galmass_core.networks.scaling import Scaling
from galmass_core.networks.stacks import MapStack
from galmass_core.networks.symmetry import draw_symmetries, turn
from galmass_core.networks.training import Epoch, Learner, new_network, train_epochs
from galmass_core.training.model_runs import train_run
from galmass_core.training.runs import open_run

pytestmark = pytest.mark.usefixtures("home_for_stacks")
CPU = torch.device("cpu")
SMALL = TrainingConfig(width=0.03, epochs=2, batch=8, learning_rate=1e-3, augment=True)
CONFIG = TrainingConfig(width=0.03, epochs=3, batch=10, learning_rate=2e-3)
PARTS = {"train": np.arange(42), "validation": np.arange(42, 61)}  # neither is whole batches


def make_feed():
    generator = np.random.default_rng(0)
    levels = generator.uniform(-1, 1, 61)
    noise = generator.uniform(-0.2, 0.2, (61, 16, 16))
    codes = (20000 * (levels[:, None, None] + noise)).astype(np.int16)
    limits = {"V": (-3000.0, 3000.0)}
    scaling = Scaling(kind="log_global", limits=limits, means=(0.0,), spreads=(1.0,))
    return MapFeed({"V": MapStack("V", codes)}, scaling, CPU), levels[:, None].astype(np.float32)


def together(work, *arguments, size=2):
    """Run a function in processes that know of each other, as torchrun starts them."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    processes = [
        FORKS.Process(target=in_rank, args=(work, number, size, port, arguments))
        for number in range(size)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(600)
    return [process.exitcode for process in processes]


def in_rank(work, number, size, port, arguments):
    """Run a function as one of several processes."""
    torch.set_num_threads(1)
    places = {"RANK": number, "WORLD_SIZE": size, "LOCAL_RANK": number, "LOCAL_WORLD_SIZE": size}
    places |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "TORCHELASTIC_RUN_ID": "test"}
    os.environ |= {name: str(value) for name, value in places.items()}
    try:
        work(*arguments)
    except KeyboardInterrupt:
        sys.exit(130)


def train_epochs_and_keep(folder):
    ranks = ranks_of_process()
    ranks.join()
    feed, targets = make_feed()
    learner = Learner(new_network(("V",), 1, SMALL), SMALL, CPU, ranks)
    seen = list(train_epochs(learner, feed, PARTS, targets))
    epochs = [(each.train, each.validation) for each in seen if isinstance(each, Epoch)]
    steps = [each for each in seen if not isinstance(each, Epoch)]
    state = {name: each.clone() for name, each in learner.tensors().items()}
    torch.save((epochs, steps, state), folder / f"{ranks.number}.pt")


def reference():
    """Train the same in one process: two networks, each with its share of each batch."""
    feed, targets = make_feed()
    networks = [new_network(("V",), 1, SMALL).train() for _ in range(2)]
    optimizer = torch.optim.Adam(networks[0].parameters(), lr=1e-3, fused=True)
    epochs = []
    for number in range(SMALL.epochs):
        optimizer.param_groups[0]["lr"] = SMALL.rate(number)
        rng = np.random.default_rng((0, number))
        order = rng.permutation(PARTS["train"])[:40]
        ways, errors = draw_symmetries(rng, 40), []
        for start in range(0, 40, 8):
            for one, network in enumerate(networks):
                rows = slice(start + 4 * one, start + 4 * one + 4)
                maps = turn(feed.maps(order[rows]), torch.from_numpy(ways[rows]))
                truth = torch.from_numpy(targets[order[rows]])
                error = (network(maps) - truth).square().mean()
                errors.append(error.item())
                network.zero_grad()
                error.backward()
            pairs = list(zip(*(each.parameters() for each in networks), strict=True))
            for first, second in pairs:
                first.grad = (first.grad + second.grad) / 2
            optimizer.step()
            with torch.no_grad():
                for first, second in pairs:
                    second.copy_(first)
        for first, second in zip(*(each.buffers() for each in networks), strict=True):
            mean = (first + second) / 2
            for each in (first, second):
                each.copy_(mean)
        rows = PARTS["validation"]
        with torch.no_grad():
            outputs = networks[0].eval()(feed.maps(rows)).numpy()
        networks[0].train()
        epochs.append((np.mean(errors), np.square(outputs - targets[rows], dtype=float).mean()))
    return epochs, networks[0].state_dict()


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ranks")
    assert together(train_epochs_and_keep, folder) == [0, 0]
    return [torch.load(folder / f"{number}.pt", weights_only=False) for number in range(2)]


def test_two_processes_train_as_one_with_the_same_shares(trained):
    epochs, weights = reference()
    found, _, state = trained[0]
    for (train, validation), (true_train, true_validation) in zip(found, epochs, strict=True):
        assert train[0] == pytest.approx(true_train, rel=1e-5)
        assert validation[0] == pytest.approx(true_validation, rel=1e-4)
    for name, true in weights.items():
        torch.testing.assert_close(state[f"network.{name}"], true, rtol=1e-3, atol=2e-5)


def test_all_processes_end_with_the_same_network(trained):
    (epochs, steps, state), (other_epochs, other_steps, other_state) = trained
    assert all(torch.equal(state[name], other_state[name]) for name in state)
    np.testing.assert_array_equal(epochs, other_epochs)
    assert steps == other_steps == 2 * [8, 16, 24, 32, 40]  # of both processes


def test_shares_make_up_each_batch():
    rows = np.arange(24)
    shares = [Ranks(number, 3).share(rows, 6) for number in range(3)]
    assert [each.tolist() for each in shares[:2]] == [
        [0, 1, 6, 7, 12, 13, 18, 19],
        [2, 3, 8, 9, 14, 15, 20, 21],
    ]
    assert sorted(np.concatenate(shares)) == rows.tolist()


def test_a_process_alone_shares_with_nobody(monkeypatch):
    monkeypatch.delenv("TORCHELASTIC_RUN_ID", raising=False)
    monkeypatch.setenv("WORLD_SIZE", "4")  # of something else
    alone = ranks_of_process()
    assert (alone.first, alone.size) == (True, 1)
    np.testing.assert_array_equal(alone.share(np.arange(8), 4), np.arange(8))


@pytest.fixture
def pair(monkeypatch):
    """Let this process be the first of two that torchrun started."""
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "test")
    for name in ("RANK", "LOCAL_RANK"):
        monkeypatch.setenv(name, "0")
    for name in ("WORLD_SIZE", "LOCAL_WORLD_SIZE"):
        monkeypatch.setenv(name, "2")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return make_map_dataset(tmp_path_factory.mktemp("data") / "blobs", 20)


def test_trees_are_not_trained_in_several_processes(pair, dataset):
    with pytest.raises(ValueError, match="several processes must train a network, got mstar/f"):
        train_run(dataset, "mstar/features")


def test_a_batch_must_divide_among_the_processes(pair, dataset):
    with pytest.raises(ValueError, match=r"batch must be a multiple of the 2 processes .* got 9"):
        train_run(dataset, "mstar/V@60", training=replace(CONFIG, batch=9))


def train(folder, home, path, stop_at=None, number=signal.SIGTERM):
    """Train a run; the second process gets a signal in a step of all."""
    os.environ["GALMASS_HOME"], steps, step = str(home), [], Learner.step

    def counted(self, *arguments):
        steps.append(1)
        if len(steps) == stop_at and os.environ["RANK"] == "1":
            os.kill(os.getpid(), number)
        return step(self, *arguments)

    Learner.step = counted
    try:
        train_run(open_dataset(folder), "mstar/V@60", training=CONFIG, path=path, device="cpu")
    finally:
        path.with_name(f"{path.name}-{os.environ['RANK']}.txt").write_text(str(len(steps)))


def test_a_signal_to_one_process_stops_all_in_one_step_and_the_run_is_resumed(
    dataset, tmp_path, monkeypatch
):
    folders = dataset.path, os.environ["GALMASS_HOME"]
    whole, path = tmp_path / "whole", tmp_path / "stopped"
    assert together(train, *folders, whole) == [0, 0]
    assert open_run(whole).record["device"] == "2 × cpu"
    assert open_run(whole).record["notes"] == [
        "2 processes train together, each on its share of a batch"
    ]
    per_epoch = int((tmp_path / "whole-0.txt").read_text()) // 3
    assert together(train, *folders, path, per_epoch + 2) == [130, 130]
    stopped = open_run(path)
    assert (stopped.state, len(stopped.history)) == ("stopped", 1)
    steps = {(tmp_path / f"stopped-{number}.txt").read_text() for number in range(2)}
    assert steps == {str(per_epoch + 2)}
    with pytest.raises(ValueError, match="to be resumed, but processes was 2, now it is 1"):
        train_run(dataset, "mstar/V@60", training=CONFIG, path=path)
    assert together(train, *folders, path) == [0, 0]
    for name in ("weights.safetensors", "predictions.parquet"):
        assert (path / name).read_bytes() == (whole / name).read_bytes()


@pytest.mark.long
def test_a_run_whose_process_was_killed_has_failed_and_is_resumed_by_torchrun(dataset, tmp_path):
    path = tmp_path / "run"
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    launch += ["-m", "galmass_core.cli"]
    options = ["--width", "0.03", "--batch", "10", "--epochs", "60", "--device", "cpu"]
    command = [*launch, "train", str(dataset.path), "--experiment", "mstar/V@60", *options]
    process = subprocess.Popen([*command, "--out", str(path)], cwd=Path(__file__).parents[1])
    history = path / "history.csv"
    while process.poll() is None and not history.exists():
        time.sleep(0.01)
    second = rank_of(process.pid, 1)
    os.kill(second, signal.SIGKILL)
    assert process.wait(600) != 0
    run = open_run(path)
    assert run.state == "failed"
    assert "another of the 2 processes of this training has ended" in run.record["reason"]
    subprocess.run([*launch, "resume", str(path), "--device", "cpu"], check=True)
    assert (open_run(path).state, len(open_run(path).history)) == ("finished", 60)


def rank_of(agent, number):
    """Return the process of a rank that torchrun started."""
    import psutil

    for child in psutil.Process(agent).children(recursive=True):
        if child.environ().get("RANK") == str(number):
            return child.pid
    pytest.fail("there is no such process")
    return None
