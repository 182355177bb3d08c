"""Describe a run of the TNG project and one of its snapshots, as the web API gives them."""

from dataclasses import dataclass
from typing import Any

from galmass_core.fetch.client import Client
from galmass_core.fetch.errors import ApiError


@dataclass(frozen=True, kw_only=True)
class SnapshotInfo:
    """One snapshot of a run.

    Attributes
    ----------
    run : str
        Name in the API, such as ``TNG100-1``.
    snapshot : int
    redshift, hubble, omega_matter, omega_lambda : float
    box_size : float, ckpc/h
    subhaloes : int
        Number in the catalogue.
    catalogue_files : int
        Number of chunks of the catalogue.
    """

    run: str
    snapshot: int
    redshift: float
    hubble: float
    omega_matter: float
    omega_lambda: float
    box_size: float
    subhaloes: int
    catalogue_files: int

    @property
    def header(self) -> dict[str, Any]:
        """Attributes of a group catalogue's header, in one file."""
        return {
            "BoxSize": self.box_size,
            "HubbleParam": self.hubble,
            "NumFiles": 1,
            "Omega0": self.omega_matter,
            "OmegaLambda": self.omega_lambda,
            "Redshift": self.redshift,
            "Time": 1 / (1 + self.redshift),
        }


def read_snapshot_info(client: Client, run: str, snapshot: int | None = None) -> SnapshotInfo:
    """Ask for a run and one of its snapshots, the last by default.

    Raises
    ------
    ApiError
        If there is no such run or snapshot, with a list of those that exist; or if the answer
        lacks what is needed.
    UnavailableError
        If the API does not answer.
    """
    runs = [entry["name"] for entry in entries(client, "", "name", within="simulations")]
    if run not in runs:
        msg = f"suite must be one of {', '.join(runs)}, got {run}"
        raise ApiError(msg)
    place = f"{run}/snapshots/"
    snapshots = {int(entry["number"]): entry for entry in entries(client, place, "number")}
    snapshot = max(snapshots, default=0) if snapshot is None else snapshot
    if snapshot not in snapshots:
        msg = f"snapshot of {run} must be one of {', '.join(map(str, snapshots))}, got {snapshot}"
        raise ApiError(msg)
    simulation, address = client.json(f"{run}/"), client.base + f"{run}/"
    of_snapshot, address_of_snapshot = snapshots[snapshot], client.base + place
    return SnapshotInfo(
        run=run,
        snapshot=snapshot,
        redshift=max(number(of_snapshot, "redshift", address_of_snapshot), 0.0),
        hubble=number(simulation, "hubble", address),
        omega_matter=number(simulation, "omega_0", address),
        omega_lambda=number(simulation, "omega_L", address),
        box_size=number(simulation, "boxsize", address),
        subhaloes=int(number(of_snapshot, "num_groups_subfind", address_of_snapshot)),
        catalogue_files=int(number(simulation, "num_files_groupcat", address)),
    )


def entries(client: Client, path: str, key: str, *, within: str | None = None) -> list[Any]:
    """Return a list of the API, each entry of which has a key.

    Raises
    ------
    ApiError
        If the answer is another.
    UnavailableError
        If the API does not answer.
    """
    answer = client.json(path)
    found = answer.get(within) if within and isinstance(answer, dict) else answer
    if not isinstance(found, list) or not all(isinstance(e, dict) and key in e for e in found):
        where = f"{within} in the answer" if within else "the answer"
        msg = f"{client.base}{path}: {where} must be a list of entries with {key}, got another"
        raise ApiError(msg)
    return found


def number(answer: Any, key: str, address: str) -> float:  # noqa: ANN401
    """Return a number of an answer.

    Raises
    ------
    ApiError
        If it is missing, or none.
    """
    value = answer.get(key) if isinstance(answer, dict) else None
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        msg = f"{address}: {key} must be a number, got {'none' if value is None else value}"
        raise ApiError(msg) from None
