"""Check and time the training of networks on a GPU; plain Python, for a machine without pytest.

    python tests/gpu/networks.py [--steps 500] [--samples 4000] [--device cuda]

needs torch, numpy, pandas, h5py and this repository, no network and no data. It compares a GPU's
steps with a CPU's, the captured step with the same one run as it stands, and maps kept on the GPU
with maps that are read as they are needed. Then it times r+2V at the paper's size on synthetic
maps, ours and a plain PyTorch loop (DataLoader, TF32, NCHW, eager), and says how long the 21
trainings of Table 4 would take. It ends with a status other than 0 if a check fails.
"""
# ruff: noqa: E402 (the repository is found before it is imported)

import argparse
import sys
from contextlib import nullcontext
from itertools import islice
from pathlib import Path
from unittest.mock import patch

sys.path[:0] = [str(Path(__file__).resolve().parents[2])]

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from galmass_core.benchmarks.networks import finish, noise_samples, our_steps, plain_steps
from galmass_core.learning.experiments import TABLE_4_TRAININGS, experiment
from galmass_core.networks import batches
from galmass_core.networks.presets import TrainingConfig
from galmass_core.networks.training import (
    Epoch,
    Learner,
    estimate_seconds,
    new_network,
    pick_device,
    predict_rows,
    train_epochs,
)
from galmass_core.quantities import map_spec

MAPS = ("r", "V", "sigma")
SMALL = TrainingConfig(width=0.25, epochs=2, batch=20, learning_rate=1e-3)
PAPER = TrainingConfig()
PARTS = {"train": 16000, "validation": 4000}  # of the paper
WARM_UP = 50  # steps that are not timed


def learner_on(device):
    """Make a learner of the same first weights on any device."""
    return Learner(new_network(MAPS, 1, SMALL), SMALL, pick_device(str(device)))


def steps_of(learner, samples, number, *, captured=True):
    """Take steps on the first samples; return the errors before each, (number,)."""
    feed = samples.feed(learner.device)
    step = learner.step if captured else learner._step
    errors = []
    for start in range(number):
        rows = np.arange(start * SMALL.batch, (start + 1) * SMALL.batch)
        truth = torch.from_numpy(samples.targets_NT[rows]).to(learner.device)
        errors.append(step(feed.maps(rows), truth).item())
    return np.array(errors)


def weights_of(learner):
    """Return all weights as one vector, on the CPU."""
    return torch.cat([each.detach().cpu().ravel() for each in learner.network.parameters()])


def apart(one, other):
    """Return how far two vectors are apart, relative to the second."""
    return float(np.linalg.norm(np.subtract(one, other)) / np.linalg.norm(other))


def check_steps(device):
    """Compare steps in 16-bit floats on the device with steps in 32-bit floats on the CPU."""
    samples = noise_samples(MAPS, 100, 60)
    learners = [learner_on(each) for each in (device, "cpu")]
    ours, truth = (steps_of(each, samples, 5) for each in learners)
    found = apart(ours, truth)
    outputs = [
        predict_rows(each.network, samples.feed(each.device), np.arange(100)) for each in learners
    ]
    print(f"five steps: errors {found:.1e} from the CPU's, predictions {apart(*outputs):.1e}")
    assert found < 0.05, f"errors differ by {found:.1e}, allowed is 5e-2"
    assert apart(*outputs) < 0.2, f"predictions differ by {apart(*outputs):.1e}, allowed is 2e-1"


def check_graph(device):
    """Compare the captured step with the same step as it stands, and a rate of 0 with no step."""
    samples = noise_samples(MAPS, 100, 60)
    one, other = learner_on(device), learner_on(device)
    captured = steps_of(one, samples, 5)
    eager = steps_of(other, samples, 5, captured=False)
    print(f"captured steps: errors {apart(captured, eager):.1e} from the eager ones'")
    assert abs(captured[0] / eager[0] - 1) < 1e-3, "capturing a step has taught the network"
    assert apart(captured, eager) < 0.02, "captured steps differ from eager ones"
    counts = {float(each) for name, each in one.tensors().items() if ".step." in name}
    assert counts == {5.0}, f"five steps were counted as {counts}"
    before = weights_of(one)
    one.set_rate(0.0)
    steps_of(one, samples, 1)
    assert torch.equal(weights_of(one), before), "a step with the rate 0 changed the weights"


def check_feeds(device):
    """Compare maps that lie on the device with maps that are read ahead."""
    samples = noise_samples(MAPS, 200, 60)
    parts = {"train": np.arange(160), "validation": np.arange(160, 200)}
    errors, maps = [], []
    for places in (nullcontext(), patch.object(batches, "_SHARE", 0.0)):
        learner = learner_on(device)
        with places:
            feed = samples.feed(learner.device)
        maps.append([each for _, each in feed.batches(parts["train"], 30)])
        seen = train_epochs(learner, feed, parts, samples.targets_NT)
        epochs = [each for each in seen if isinstance(each, Epoch)]
        errors.append(
            [float(each) for epoch in epochs for each in (*epoch.train, *epoch.validation)]
        )
    for resident, streamed in zip(*maps, strict=True):
        assert all(torch.equal(resident[key], streamed[key]) for key in MAPS), "maps differ"
    print(f"two epochs: resident {errors[0]}, streamed {errors[1]}")
    assert apart(*errors) < 0.05, "epochs of resident and of streamed maps differ"


def time_steps(steps, number, device):
    """Time steps of training; return samples per second."""
    list(islice(steps, WARM_UP))
    began = finish(device)
    list(islice(steps, number))
    return number * PAPER.batch / (finish(device) - began)


def work_of_a_sample(pixels):
    """Count what a step takes for a sample, forward and backward [floating-point operations]."""
    network = new_network(MAPS, 1, PAPER)
    maps = {key: torch.rand(2, 1, *2 * (map_spec(key).side(pixels),)) for key in MAPS}
    with FlopCounterMode(display=False) as counter:
        network(maps).sum().backward()
    return counter.get_total_flops() / 2


def bf16_rate(device, side=8192, rounds=50):
    """Measure how fast the device multiplies matrices of 16-bit floats [operations/s]."""
    one, other = (torch.randn(side, side, device=device, dtype=torch.bfloat16) for _ in range(2))
    for number in range(rounds + 5):
        if number == 5:
            began = finish(device)
        one @ other
    return 2 * side**3 * rounds / (finish(device) - began)


def time_trainings(device, pixels):
    """Estimate the 21 trainings of Table 4, one after the other [h]."""
    seconds = 0.0
    for name in TABLE_4_TRAININGS:
        wanted = experiment(name)
        seconds += estimate_seconds(
            wanted.maps, len(wanted.targets), pixels, PAPER, samples=PARTS, device=device
        )
    return seconds / 3600


def time_networks(device, steps=500, samples=4000, pixels=300):
    """Time r+2V at the paper's size, ours and plain, and print the figures."""
    where = pick_device(device)
    name = torch.cuda.get_device_name(where) if where.type == "cuda" else device
    print(f"r+2V, {pixels}², batch {PAPER.batch}, {steps} steps after {WARM_UP}, on {name}:")
    data = noise_samples(MAPS, samples, pixels)
    ours, plain = (
        time_steps(each(data, PAPER, where), steps, where) for each in (our_steps, plain_steps)
    )
    print(
        f"speed: ours {ours:.0f} samples/s, plain {plain:.0f} samples/s, ratio {ours / plain:.2f}"
    )
    work = work_of_a_sample(pixels)
    print(f"work: {work / 1e9:.1f} GFLOP a sample, {ours * work / 1e12:.1f} TFLOP/s", end="")
    if where.type == "cuda":
        rate = bf16_rate(where)
        print(f", {ours * work / rate:.0%} of the {rate / 1e12:.0f} TFLOP/s measured", end="")
        print(f"\nmemory: {torch.cuda.max_memory_allocated(where) / 1e9:.1f} GB at most", end="")
    hours = PAPER.epochs * PARTS["train"] / ours / 3600
    print(f"\ntime: r+2V {hours:.2f} h without validation", end="")
    count = len(TABLE_4_TRAININGS)
    print(f"; the {count} trainings of Table 4 {time_trainings(device, pixels):.1f} h")


def main(arguments=None):
    """Run all checks; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=500, help="how many to time")
    parser.add_argument("--samples", type=int, default=4000, help="synthetic samples")
    parser.add_argument("--pixels", type=int, default=300, help="side of the images")
    parser.add_argument("--device", default="cuda", help="torch device; cpu tries the checks")
    options = parser.parse_args(arguments)
    if options.device.startswith("cuda") and not torch.cuda.is_available():
        print("There is no CUDA device here, so nothing was checked.")
        return 0
    check_steps(options.device)
    check_graph(options.device)
    check_feeds(options.device)
    if options.steps:
        time_networks(options.device, options.steps, options.samples, options.pixels)
    print("All checks passed.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
