"""Describe a run of the TNG project and one of its snapshots, as the web API gives them."""

from dataclasses import dataclass
from typing import Any

from galmass_core.fetch.client import ApiError, Client


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
    dark_matter_mass : float, 1e10 Msun/h
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
    dark_matter_mass: float

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


def read_snapshot_info(client: Client, run: str, snapshot: int) -> SnapshotInfo:
    """Ask for a run and one of its snapshots.

    Raises
    ------
    ApiError
        If there is no such run or snapshot; the message lists those that exist.
    UnavailableError
        If the API does not answer.
    """
    runs = [entry["name"] for entry in client.json("")["simulations"]]
    if run not in runs:
        msg = f"suite must be one of {', '.join(runs)}, got {run}"
        raise ApiError(msg)
    simulation = client.json(f"{run}/")
    snapshots = {entry["number"]: entry for entry in client.json(f"{run}/snapshots/")}
    if snapshot not in snapshots:
        msg = f"snapshot of {run} must be one of {', '.join(map(str, snapshots))}, got {snapshot}"
        raise ApiError(msg)
    return SnapshotInfo(
        run=run,
        snapshot=snapshot,
        redshift=max(float(snapshots[snapshot]["redshift"]), 0.0),
        hubble=float(simulation["hubble"]),
        omega_matter=float(simulation["omega_0"]),
        omega_lambda=float(simulation["omega_L"]),
        box_size=float(simulation["boxsize"]),
        subhaloes=int(snapshots[snapshot]["num_groups_subfind"]),
        catalogue_files=int(simulation["num_files_groupcat"]),
        dark_matter_mass=float(simulation["mass_dm"]),
    )
