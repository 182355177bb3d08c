"""Predict galaxies under controls in batches that are kept, so that what was killed continues."""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

from galmass_core.datasets.control_maps import ControlledGalaxy
from galmass_core.datasets.dataset import DataSet
from galmass_core.storage.atomic import write_json
from galmass_core.storage.schema import ANYTHING, TEXT, fields, list_of, object_of, read_json
from galmass_core.training.control_networks import ControlNetworks, predict_controls

Progress = Callable[[int, int, int], None]  # galaxies or trainings done, in total, lost
_BATCH = 20  # galaxies whose predictions are one file
_PREDICTIONS = fields({"predictions": object_of(list_of(ANYTHING)), "lost": object_of(TEXT)})


def predict_in_batches(
    dataset: DataSet,
    networks: Sequence[ControlNetworks],
    folder: Path,
    make: Callable[[list[str]], Generator[ControlledGalaxy, None, None]],
    *,
    device: str = "auto",
    progress: Progress | None = None,
) -> list[dict[str, Any]]:
    """Return predictions of each batch of galaxies, made where they are not there yet.

    Parameters
    ----------
    dataset : DataSet
    networks : sequence of ControlNetworks
        The galaxies are those that any of them has not seen.
    folder : Path
        One for each result.
    make : callable
        Makes galaxies by their names, in order.
    device : str
        Of the networks.
    progress : function, optional
        Called with the number of galaxies done, in total, and without their stars so far.

    Returns
    -------
    list of dict
        ``predictions``, as columns of `control_networks.predict_controls`; ``spins``, columns
        ``control``, ``name``, ``spin``; ``lost``, why stars could not be read, by galaxy.

    Raises
    ------
    ValueError
        If there is no such device, even where nothing is left to predict.
    """
    from galmass_core.networks.training import pick_device

    pick_device(device)
    unseen = frozenset[str]().union(*(each.names for each in networks))
    names = [name for name in dataset.galaxy_names if name in unseen]
    folder.mkdir(parents=True, exist_ok=True)
    batches = {
        folder / f"batch-{start // _BATCH:05d}.json": names[start : start + _BATCH]
        for start in range(0, len(names), _BATCH)
    }
    missing = {path: batch for path, batch in batches.items() if not path.exists()}
    left = [name for batch in missing.values() for name in batch]
    with closing(make(left)) as made:
        counted = _counted(made, len(names) - len(left), len(names), progress)
        for path, batch in missing.items():
            galaxies = list(islice(counted, len(batch)))
            table = predict_controls(dataset, networks, galaxies, device=device)
            content = {
                "predictions": table.to_dict("list"),
                "spins": _spins(galaxies),
                "lost": {each.name: each.reason for each in galaxies if each.reason},
            }
            write_json(path, content)
    return [read_json(path, _PREDICTIONS) for path in batches]


def _counted(
    galaxies: Iterator[ControlledGalaxy], done: int, total: int, progress: Progress | None
) -> Iterator[ControlledGalaxy]:
    """Report each galaxy."""
    lost = 0
    for done, galaxy in enumerate(galaxies, done + 1):  # noqa: B020
        lost += bool(galaxy.reason)
        if progress is not None:
            progress(done, total, lost)
        yield galaxy


def _spins(galaxies: Sequence[ControlledGalaxy]) -> dict[str, list[Any]]:
    """Return λ_R of all samples by control, as columns."""
    triples = [
        (control, each.name, None if value != value else float(value))
        for each in galaxies
        for control, made in each.controls.items()
        for value in made.spin
    ]
    columns = zip(*triples, strict=True) if triples else ((), (), ())
    return {key: list(each) for key, each in zip(("control", "name", "spin"), columns, strict=True)}


def runs_of(networks: Sequence[ControlNetworks]) -> list[list[Any]]:
    """Return what identifies the networks of a result."""
    return [
        [run.name, run.record["ended"], sorted(each.names)]
        for each in networks
        for run in each.runs
    ]
