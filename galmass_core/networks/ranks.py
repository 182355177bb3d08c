"""Several processes that train one network, each on a GPU of its own, started by torchrun.

Each takes its share of every batch, and gradients are averaged, so that a step is that of one
process; only the batch statistics of normalisation layers are those of a share. One of the
processes, the first, writes the run's folder.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from inspect import signature
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor, nn

Value = TypeVar("Value")

_PATIENCE = timedelta(days=7)  # others wait for the first in the queue, or while it reads maps


@dataclass
class Ranks:
    """The place of this process among those that train together.

    Attributes
    ----------
    number, size : int
        Rank of this process, and number of all processes.
    local_number, local_size : int
        The same on this machine.
    """

    number: int = 0
    size: int = 1
    local_number: int = 0
    local_size: int = 1
    _stopping: bool = field(default=False, init=False)

    @property
    def first(self) -> bool:
        """Whether this process writes the run's folder."""
        return self.number == 0

    @property
    def alone(self) -> bool:
        """Whether there is no other process."""
        return self.size == 1

    def join(self) -> None:
        """Connect to the other processes: NCCL between GPUs, gloo between CPUs.

        Raises
        ------
        ValueError
            If this installation of torch cannot.
        """
        import torch
        from torch import distributed

        if self.alone or distributed.is_initialized():
            return
        if not distributed.is_available():
            msg = "torch must be built with torch.distributed to train in several processes"
            raise ValueError(msg)
        backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
        distributed.init_process_group(backend, timeout=_PATIENCE)

    def share(self, rows: NDArray, batch: int) -> NDArray:
        """Return the rows of this process: its share of each batch, in order."""
        batches = rows.reshape(-1, self.size, batch // self.size, *rows.shape[1:])
        return batches[:, self.number].reshape(-1, *rows.shape[1:])

    def same(self, value: Value) -> Value:
        """Return the first process's value in all processes."""
        if self.alone:
            return value
        import torch
        from torch import distributed

        values = [value]
        distributed.broadcast_object_list(values, device=torch.device("cpu"))
        return values[0]

    def total(self, values: NDArray) -> NDArray[np.float64]:
        """Return the sum over all processes, in 64-bit floats."""
        import torch
        from torch import distributed

        totals = torch.tensor(np.asarray(values), dtype=torch.float64)
        if not self.alone:
            distributed.all_reduce(totals)
        return totals.numpy()

    def average(self, tensors: "Iterator[Tensor]") -> None:
        """Replace tensors of floats by their means over all processes."""
        from torch import distributed

        if not self.alone:
            for tensor in tensors:
                if tensor.is_floating_point():
                    distributed.all_reduce(tensor)
                    tensor.div_(self.size)

    def averaging(self, network: "nn.Module") -> "nn.Module":
        """Return the network such that a backward pass averages gradients over all processes."""
        if self.alone:
            return network
        from torch.nn.parallel import DistributedDataParallel

        # not before each step: `average` does it once an epoch, with the same result
        known = signature(DistributedDataParallel).parameters
        name = "forward_sync_buffers" if "forward_sync_buffers" in known else "broadcast_buffers"
        options: dict[str, Any] = {name: False}
        return DistributedDataParallel(network, **options)

    @contextmanager
    def stopping_together(self) -> Iterator[None]:
        """Let SIGTERM or Ctrl-C in any process stop all of them in the same `check`."""
        if self.alone or threading.current_thread() is not threading.main_thread():
            yield
            return

        def stop(*_: object) -> None:
            self._stopping = True

        before = {each: signal.signal(each, stop) for each in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)
        if self._stopping:
            raise KeyboardInterrupt

    def check(self) -> None:
        """Raise KeyboardInterrupt in all processes if one of them must stop."""
        if not self.alone and self.total(np.array([self._stopping]))[0]:
            raise KeyboardInterrupt

    @contextmanager
    def noticing_loss(self) -> Iterator[None]:
        """Raise ConnectionError if another process ends before the block.

        Raises
        ------
        ConnectionError
        """
        try:
            yield
        except RuntimeError as error:
            if self.alone or not ("gloo" in str(error) or "NCCL" in str(error)):
                raise
            msg = f"another of the {self.size} processes of this training has ended"
            raise ConnectionError(msg) from error


ALONE = Ranks()


def ranks_of_process() -> Ranks:
    """Return the place that torchrun gave this process; one of one if it was not started by it."""
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        return Ranks()
    names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")
    return Ranks(*(int(os.environ[name]) for name in names))
