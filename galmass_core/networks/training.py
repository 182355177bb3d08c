"""Train networks on maps and true masses (Chu et al. 2024, Sec. 3.1 and Table 2).

Random numbers of an epoch depend only on the configuration and the epoch's number, so that a
resumed training gives the same result as an uninterrupted one.

Shape suffixes: B samples, T targets.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import repeat
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from galmass_core.networks.alignment import DISTANCES
from galmass_core.networks.batches import MapFeed
from galmass_core.networks.joint import JointNetwork
from galmass_core.networks.network import MultibranchResNet
from galmass_core.networks.presets import TrainingConfig
from galmass_core.networks.ranks import ALONE, Ranks
from galmass_core.networks.scalars import SCALARS, scalar_columns
from galmass_core.networks.symmetry import draw_symmetries, turn
from galmass_core.quantities import map_spec

_NARROW = 0.25  # width up to which branches are faster side by side
_WARM_UP = 3  # steps before a step is captured
_LATEST = 0.1  # weight of a step's errors in the running means
_PREDICTED = 80  # samples at a time
_TIMED = 0.5  # s, for which a call is repeated to time it


class Epoch(NamedTuple):
    """Results of an epoch."""

    train: NDArray  # mean squared error of each target while training, scaled
    validation: NDArray  # the same for the validation set after it
    learning_rate: float


def pick_device(name: str) -> torch.device:
    """Select the device of that name; ``auto`` is a GPU if there is one.

    Raises
    ------
    ValueError
        If there is no such device.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.zeros(1, device=name).device
    except (RuntimeError, AssertionError) as error:
        why = str(error).splitlines()[0]
        msg = f"device must be one that this machine has, such as cpu or cuda, got {name!r}: {why}"
        raise ValueError(msg) from error
    if device.type == "cuda":
        torch.cuda.set_device(device)  # streams and graphs are the current device's
    return device


class Learner:
    """A network, its optimiser, and one step of both.

    On a GPU a step runs in 16-bit floats as one CUDA graph; without a graph if several processes
    train together. One process on a CPU computes narrow branches side by side.

    The loss is the mean of the outputs' squared errors; of a network with subsets it has the slope
    of the mean of their RMS errors, of which running means are taken. Subsets that predict worst
    would rule the branches of all with squared errors, those that predict best with relative ones.

    Parameters
    ----------
    network : MultibranchResNet
    config : TrainingConfig
    device : torch.device
    alignment : str
        One of `alignment.DISTANCES`, added to the loss where a batch has samples without targets;
        empty for none.
    ranks : Ranks
    """

    def __init__(
        self,
        network: MultibranchResNet,
        config: TrainingConfig,
        device: torch.device,
        ranks: Ranks = ALONE,
        *,
        alignment: str = "",
    ) -> None:
        self.config, self.device, self.ranks = config, device, ranks
        self._distance = DISTANCES[alignment] if alignment else None
        self._fast = device.type == "cuda"
        side_by_side = not self._fast and ranks.alone and config.width <= _NARROW
        layout = torch.channels_last if self._fast or side_by_side else torch.contiguous_format
        self.network = network.to(device, memory_format=layout)  # type: ignore[call-overload]  # torch's types lack it
        self._joint = JointNetwork(network) if side_by_side else None
        rate = torch.tensor(config.rate(0), device=device) if self._fast else config.rate(0)
        self.optimizer = torch.optim.Adam(
            [self._joint.weights] if self._joint else self.network.parameters(),
            lr=rate,
            fused=True,
            capturable=self._fast,
        )
        self._graph: torch.cuda.CUDAGraph | None = None
        self._usual_T = torch.ones(network.fc.out_features, device=device)  # as of scaled targets
        self._set_out()
        self._model = ranks.averaging(
            _WithFeatures(self.network, (self._joint or self.network).features)
        )

    def tensors(self) -> dict[str, Tensor]:
        """Return all tensors that change in training, by name, without copying."""
        state = {f"network.{name}": each for name, each in self.network.state_dict().items()}
        for name, moments in self._moments():
            state |= {f"adam.{key}.{name}": moment for key, moment in moments.items()}
        return state | ({"usual": self._usual_T} if self.network.subsets else {})

    def _moments(self) -> Iterator[tuple[str, Mapping[str, Tensor]]]:
        """Yield the name of each weight, and its state in the optimiser."""
        if self._joint is None:
            for name, weights in self.network.named_parameters():
                yield name, self.optimizer.state[weights]
            return
        whole = self.optimizer.state[self._joint.weights]
        parts = {key: self._joint.views(each) for key, each in whole.items() if each.ndim}
        for name, _ in self.network.named_parameters():
            yield name, whole | {key: views[name] for key, views in parts.items()}

    def set_rate(self, rate: float) -> None:
        """Set the learning rate of the next steps."""
        (group,) = self.optimizer.param_groups
        if self._fast:
            group["lr"].fill_(rate)
        else:
            group["lr"] = rate

    def step(self, maps: Mapping[str, Tensor], targets_BT: Tensor) -> Tensor:
        """Take one step; return each target's mean squared error before it, (T,).

        Maps beyond the number of targets have none: their features are aligned with the others'.
        A target that is NaN has no error. The result is overwritten by the next step.
        """
        if not self._fast or not self.ranks.alone:
            return self._step(maps, targets_BT)
        if self._graph is None:
            self._graph = self._capture(maps, targets_BT)
        for key, x_BCHW in maps.items():
            self._maps[key].copy_(x_BCHW)
        self._targets_BT.copy_(targets_BT)
        self._graph.replay()
        return self._errors_T

    def _step(self, maps: Mapping[str, Tensor], targets_BT: Tensor) -> Tensor:
        """Take one step without a graph."""
        if not self.network.training:
            self.network.train()
        self._clear_gradients()
        count = len(targets_BT)
        with _precision(self.device):
            features_BD, outputs_BT = self._model(maps)
        outputs_BT = outputs_BT[:count].float()
        truth_BT = targets_BT.where(~targets_BT.isnan(), outputs_BT.detach())
        errors_T = (outputs_BT - truth_BT).square().mean(0)
        loss = self._mean(errors_T)
        if self._distance:
            loss = loss + self._distance(features_BD[:count], features_BD[count:])
        loss.backward()
        self.optimizer.step()
        return errors_T.detach()

    def _mean(self, errors_T: Tensor) -> Tensor:
        """Return the mean of the outputs' errors, with subsets each over its usual root."""
        if self.network.subsets:
            latest_T = errors_T.detach().clone()
            self.ranks.average(iter([latest_T]))
            self._usual_T.lerp_(latest_T, _LATEST)
            errors_T = errors_T / self._usual_T.sqrt()
        return errors_T.mean()

    def _set_out(self) -> None:
        """Initialise the moments of the optimiser with zeros, without a step."""
        (group,) = self.optimizer.param_groups
        for weights in group["params"]:
            weights.grad = torch.zeros_like(weights) if weights.grad is None else weights.grad
        self.optimizer.step()
        for moments in self.optimizer.state.values():
            moments["step"].zero_()
        self._clear_gradients()

    def _clear_gradients(self) -> None:
        """Forget the gradients of the last step."""
        self.optimizer.zero_grad(set_to_none=self._joint is None)

    def _capture(self, maps: Mapping[str, Tensor], targets_BT: Tensor) -> torch.cuda.CUDAGraph:
        """Record a step as a CUDA graph, without changing weights."""
        self._maps = {
            key: x_BCHW.clone(memory_format=torch.channels_last) for key, x_BCHW in maps.items()
        }
        self._targets_BT = targets_BT.clone()
        before = {name: each.clone() for name, each in self.tensors().items()}
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(_WARM_UP):
                self._step(self._maps, self._targets_BT)
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        mode = "thread_local"  # another thread may prefetch maps meanwhile
        with torch.cuda.graph(graph, capture_error_mode=mode):
            self._errors_T = self._step(self._maps, self._targets_BT)
        for name, each in self.tensors().items():
            each.copy_(before[name])
        return graph


class _WithFeatures(torch.nn.Module):
    """A network in training that also returns its features."""

    def __init__(
        self, network: MultibranchResNet, features: Callable[[Mapping[str, Tensor]], Tensor]
    ) -> None:
        super().__init__()
        self.network, self._features = network, features

    def forward(self, maps: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Return features, (B, D), and outputs, (B, T)."""
        features_BD = self._features(maps)
        return features_BD, self.network.fc(features_BD)


def new_network(
    maps: tuple[str, ...],
    outputs: int,
    config: TrainingConfig,
    subsets: Sequence[Sequence[str]] = (),
) -> MultibranchResNet:
    """Create a network with initial weights that depend only on the seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        scalars = scalar_columns(maps) if config.scalars else ()
        return MultibranchResNet(
            maps, outputs, width=config.width, scalars=scalars, subsets=subsets
        )


def train_epochs(
    learner: Learner,
    feed: MapFeed,
    parts: Mapping[str, NDArray],
    targets_NT: NDArray[np.float32],
    first: int = 0,
    window: int | None = None,
    unlabelled: tuple[MapFeed, NDArray] | None = None,
) -> Iterator[Epoch | int]:
    """Train epoch by epoch.

    Parameters
    ----------
    learner : Learner
    feed : MapFeed
    parts : mapping of (n,) int
        Rows of the ``train`` and the ``validation`` part.
    targets_NT : (N, T) float32
        Scaled targets of all rows; NaN in rows of no part, and where one is not known.
    first : int
        First epoch; the learner has the state after the previous one.
    window : int, optional
        Number of samples that are shuffled at a time, as in `reading.draw_order`.
    unlabelled : tuple of MapFeed and (n,) int, optional
        Samples whose features the learner aligns with those of the ``train`` part, and their rows:
        each step takes as many of both.

    Yields
    ------
    int or Epoch
        After each step the number of samples so far in this epoch; after each epoch, its results.
    """
    config, device, ranks = learner.config, learner.device, learner.ranks
    true_NT = torch.from_numpy(targets_NT).to(device)
    size = min(config.batch, len(parts["train"])) // ranks.size * ranks.size
    share = size // ranks.size
    window = window and max(size, window // size * size)  # whole batches
    for number in range(first, config.epochs):
        learner.set_rate(config.rate(number))
        rng = np.random.default_rng((config.seed, number))
        order = feed.shuffled(parts["train"], rng, window)
        order = order[: len(order) // size * size]  # all batches are of one size
        drawn = ranks.share(draw_symmetries(rng, len(order)), size)
        symmetries = torch.from_numpy(drawn).to(device)
        total_T = torch.zeros(true_NT.shape[1], device=device)
        others = _draw_unlabelled(unlabelled, config, number, len(order) // size, size)
        for batch, ((rows, maps), beside) in enumerate(
            zip(feed.batches(ranks.share(order, size), share), others, strict=True)
        ):
            ranks.check()
            if config.augment:
                maps = turn(maps, symmetries[batch * share : (batch + 1) * share])
            if beside:
                maps = {key: torch.cat((x_BCHW, beside[key])) for key, x_BCHW in maps.items()}
            index = torch.from_numpy(rows).to(device, non_blocking=True)
            total_T += learner.step(maps, true_NT[index])
            yield (batch + 1) * size
        ranks.average(learner.network.buffers())
        yield Epoch(
            train=ranks.total((total_T / (len(order) // size)).cpu().numpy()) / ranks.size,
            validation=_validate(learner, feed, parts["validation"], true_NT),
            learning_rate=config.rate(number),
        )


def _draw_unlabelled(
    unlabelled: tuple[MapFeed, NDArray] | None,
    config: TrainingConfig,
    number: int,
    steps: int,
    size: int,
) -> Iterator[dict[str, Tensor] | None]:
    """Yield the maps of samples without targets for each step of an epoch; None without any."""
    if unlabelled is None:
        yield from repeat(None, steps)
        return
    feed, rows = unlabelled
    rng = np.random.default_rng((config.seed, number, 1))  # leaves the labelled batches as they are
    order = np.resize(feed.shuffled(rows, rng, feed.window), steps * size)
    symmetries = torch.from_numpy(draw_symmetries(rng, len(order))).to(feed.device)
    for batch, (_, maps) in enumerate(feed.batches(order, size)):
        turned = symmetries[batch * size : (batch + 1) * size]
        yield turn(maps, turned) if config.augment else maps


def _validate(learner: Learner, feed: MapFeed, rows: NDArray, true_NT: Tensor) -> NDArray:
    """Return each target's mean squared error on some rows, of which each process has a part."""
    ranks = learner.ranks
    mine = np.array_split(rows, ranks.size)[ranks.number]
    outputs_BT = predict_rows(learner.network, feed, mine)
    truth_BT = true_NT[torch.from_numpy(mine).to(learner.device)].cpu().numpy()
    squares_BT = np.square(outputs_BT - truth_BT, dtype=float)
    return ranks.total(np.nansum(squares_BT, axis=0)) / len(rows)  # no error where not known


def predict_rows(network: MultibranchResNet, feed: MapFeed, rows: NDArray) -> NDArray[np.float32]:
    """Return the network's outputs for some rows, (B, T), scaled, in evaluation mode."""
    batches = feed.batches(rows, _PREDICTED)
    return torch.cat([_predict(network, maps, feed.device).cpu() for _, maps in batches]).numpy()


def feature_rows(network: MultibranchResNet, feed: MapFeed, rows: NDArray) -> NDArray[np.float32]:
    """Return the features of the network's branches for some rows, (B, D), in evaluation mode."""
    network.eval()
    with torch.no_grad(), _precision(feed.device):
        features = [network.features(maps) for _, maps in feed.batches(rows, _PREDICTED)]
    return torch.cat(features).float().cpu().numpy()


def _predict(
    network: MultibranchResNet, maps: Mapping[str, Tensor], device: torch.device
) -> Tensor:
    """Return the network's outputs for a batch, (B, T) float32."""
    network.eval()
    with torch.no_grad(), _precision(device):
        return network(maps).float()


def _precision(device: torch.device) -> torch.autocast:
    """Return the context in which networks run: 16-bit floats on a GPU."""
    return torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda")


def estimate_seconds(
    maps: tuple[str, ...],
    outputs: int,
    pixels: int,
    config: TrainingConfig,
    *,
    samples: Mapping[str, int],
    device: str = "auto",
    subsets: Sequence[Sequence[str]] = (),
) -> float:
    """Time a few steps of a network and estimate the duration of a training on this machine.

    Parameters
    ----------
    maps : tuple of str
    outputs : int
    pixels : int
        Side of the images.
    config : TrainingConfig
    samples : mapping of str to int
        Sizes of the ``train`` and ``validation`` parts.
    device : str
    subsets : sequence of sequences of str
        As of `network.MultibranchResNet`.

    Returns
    -------
    float, s

    Raises
    ------
    ValueError
        If there is no such device.
    """
    where = pick_device(device)
    learner = Learner(new_network(maps, outputs, config, subsets), config, where)
    size = min(config.batch, samples["train"])
    sides = {key: map_spec(key).side(pixels) for key in maps}
    noise = {key: torch.rand(size, 1, side, side, device=where) for key, side in sides.items()}
    if config.scalars:
        noise[SCALARS] = torch.rand(size, len(scalar_columns(maps)), 1, 1, device=where)
    targets = torch.randn(size, learner.network.fc.out_features, device=where)
    step = _time(lambda: learner.step(noise, targets), where)
    look = _time(lambda: _predict(learner.network, noise, where), where)
    per_epoch = step * (samples["train"] // size) + look * samples["validation"] / size
    return config.epochs * per_epoch


def _time(work: Callable[[], Tensor], device: torch.device) -> float:
    """Return the time of a call after a warm-up [s]."""

    def finish() -> float:
        work()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return time.perf_counter()

    began = now = finish()
    rounds = 0
    while now - began < _TIMED:
        now, rounds = finish(), rounds + 1
    return (now - began) / rounds
