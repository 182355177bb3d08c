"""Make the references of the networks that ship: ``python assets/makers/reference.py DATA``.

DATA is the data set of ``galmass demo``, 300 galaxies of the universe that the networks learned
from, which they have not seen. Run it again when networks are shipped anew (``runs.py``). Writes
``assets/reference/RUN.parquet``, with which observed galaxies are compared.
"""

import sys
from pathlib import Path

from galmass_core.datasets.dataset import open_dataset
from galmass_core.observations.unusual import reference_table
from galmass_core.storage.parquet import write_table
from galmass_core.training.network_runs import NetworkModel
from galmass_core.training.runs import open_run

OUT = Path(__file__).resolve().parents[1] / "reference"
RUNS = ("any-0:2V", "g-r")  # of the maps that observations have


def main(name: str) -> None:
    """Write the reference of each run."""
    dataset = open_dataset(name)
    OUT.mkdir(exist_ok=True)
    for run in map(open_run, RUNS):
        model = NetworkModel.load(run.path, run.config)
        table = reference_table(dataset.samples, dataset, [model])
        seen = [key for key in table if str(key).rpartition("_")[0] in model.maps]
        write_table(OUT / f"{run.path.name}.parquet", table.astype(dict.fromkeys(seen, "f4")))


if __name__ == "__main__":
    main(sys.argv[1])
