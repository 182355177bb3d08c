#!/usr/bin/env bash
# PyTorch: batch normalisation on a CPU is a hundred times less exact with channels last.
#
# `channels_last` is recommended to speed up convolutions; a step of a small ResNet takes 0.75 of
# the time with it, and its losses then differ in the fourth digit.
#
# Guess: the memory format changes where numbers lie, and so at most the last bits of a result.
# Truth: in training mode the error against float64 depends on the format. With channels last
#        digits are lost where a channel's mean is large beside its spread: for a mean of 5 and a
#        spread of 0.01, outputs of about 1 are wrong by 0.002, for 0.00003 with contiguous arrays,
#        and even for standard normal channels the error is tens of times as large. Nothing warns.
# Seen:  torch 2.13.0 (CPU), numpy 2.4.6, Python 3.11:
#        "mean 5, spread 0.01: contiguous 3.3e-05, channels last 1.7e-03",
#        "mean 0, spread 1: contiguous 4.8e-07, channels last 1.9e-05".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q "torch==2.13.0" "numpy==2.4.6"
"$folder/venv/bin/python" - <<'PY'
import torch

torch.manual_seed(0)
torch.set_num_threads(1)
formats = {"contiguous": torch.contiguous_format, "channels last": torch.channels_last}


def errors(mean: float, spread: float) -> dict[str, float]:
    """Return the largest error of each format against float64."""
    images = torch.randn(40, 8, 30, 30) * spread + mean
    layer = torch.nn.BatchNorm2d(8).train()
    exact = torch.nn.BatchNorm2d(8).double().train()(images.double())
    found = {
        name: (layer(images.to(memory_format=each)).double() - exact).abs().max().item()
        for name, each in formats.items()
    }
    shown = ", ".join(f"{name} {error:.1e}" for name, error in found.items())
    print(f"mean {mean:g}, spread {spread:g}: {shown}")
    return found


for mean, spread in ((5.0, 0.01), (0.0, 1.0)):
    found = errors(mean, spread)
    assert found["channels last"] > 5 * found["contiguous"], "upstream has changed"
PY
