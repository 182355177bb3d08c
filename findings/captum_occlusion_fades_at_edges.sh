#!/usr/bin/env bash
# captum, Occlusion: pixels of equal importance get less of it at the right and lower edge.
#
# Maps of what a network looks at are averaged over galaxies and read by radius.
#
# Guess: for a model that adds up all pixels with equal weight, occluding patches gives every pixel
#        the same attribution: that of its patch, or the patch's mean.
# Truth: a pixel gets the mean of the changes by the patches that cover it, not divided by their
#        number of pixels. Where the stride does not divide the frame, the last patch is cut off at
#        the edge, changes less, and counts the same: pixels there get 3/9 and in the corner 1/9 of
#        the others, as if the network paid less attention to two of the four sides.
# Seen:  captum 0.9.0, torch 2.13.0, numpy 2.4.6, Python 3.11:
#        "6 x 6 pixels: smallest 9, largest 9",
#        "7 x 7 pixels: smallest 1, largest 9; last row [3. 3. 3. 3. 3. 3. 1.]".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q "captum==0.9.0" "torch==2.13.0" "numpy==2.4.6"
"$folder/venv/bin/python" - <<'PY'
import torch
from captum.attr import Occlusion


def attributions(side: int) -> torch.Tensor:
    """Return the attributions of a sum of equal pixels by patches of 3 x 3."""
    occlusion = Occlusion(lambda image: image.sum((1, 2, 3)))
    patches = {"sliding_window_shapes": (1, 3, 3), "strides": (1, 3, 3)}
    return occlusion.attribute(torch.ones(1, 1, side, side), **patches)[0, 0]


for side, smallest in ((6, 9), (7, 1)):
    found = attributions(side)
    words = f"; last row {found[-1].numpy()}" * (smallest < 9)
    print(f"{side} x {side} pixels: smallest {found.min():g}, largest {found.max():g}{words}")
    assert (found.min(), found.max()) == (smallest, 9), "upstream has changed"
PY
