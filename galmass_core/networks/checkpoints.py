"""Write and read named tensors as safetensors files, which cannot run code."""

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from galmass_core.storage.atomic import atomic_write

WEIGHTS, CHECKPOINT = "weights.safetensors", "checkpoint.safetensors"
_FACTS = "facts"  # all in one: several keys of metadata are written in random order


def save_tensors(
    path: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, float] | None = None
) -> None:
    """Write tensors atomically, with a few numbers as metadata; equal content gives equal bytes."""
    from safetensors.torch import save

    content = {name: each.detach().cpu().contiguous() for name, each in tensors.items()}
    content |= {name: each.clone() for name, each in content.items() if not each.ndim}  # may be one
    numbers = {name: float(number) for name, number in sorted((facts or {}).items())}
    data = save(content, metadata={_FACTS: json.dumps(numbers)})
    with atomic_write(path) as part:  # save_file leaves a file of its own name when it is killed
        part.write_bytes(data)


def load_tensors(path: Path, into: Mapping[str, Tensor]) -> dict[str, float]:
    """Read tensors into existing ones of the same names and shapes.

    Parameters
    ----------
    path : Path
    into : mapping of Tensor
        Changed in place.

    Returns
    -------
    dict of str to float
        The numbers of the metadata.

    Raises
    ------
    ValueError
        If the file is missing or damaged, or is that of another network.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            stored = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            facts = _numbers(file.metadata() or {})
    except (OSError, ValueError, TypeError, AttributeError, SafetensorError) as error:
        msg = f"{path}: must be the tensors of a run, but: {error}"
        raise ValueError(msg) from error
    theirs, ours = (
        {name: tuple(each.shape) for name, each in two.items()} for two in (stored, into)
    )
    if odd := [name for name in {**ours, **theirs} if ours.get(name) != theirs.get(name)]:
        name = odd[0]
        msg = (
            f"{path}: must fit this network, but {len(odd)} tensors differ: "
            f"{name} is {theirs.get(name, 'absent')}, must be {ours.get(name, 'absent')}"
        )
        raise ValueError(msg)
    with torch.no_grad():
        for name, each in stored.items():
            into[name].copy_(each)
    return facts


def _numbers(metadata: Mapping[str, str]) -> dict[str, float]:
    """Read the numbers of metadata; files from before have a key for each."""
    content = json.loads(metadata[_FACTS]) if _FACTS in metadata else metadata
    return {name: float(number) for name, number in content.items()}
