"""Make the references of the networks that ship: ``python assets/makers/reference.py DATA``.

DATA is the data set of ``galmass demo``: 300 galaxies of the universe that the networks learned
from, which they have not seen. Run it again when networks are shipped again (``runs.py``). Writes
``assets/reference``: tables, and maps of V and σ, with which observed galaxies are compared.
"""

import sys
from pathlib import Path

from galmass_core.datasets.dataset import open_dataset
from galmass_core.observations import field, unusual
from galmass_core.storage.parquet import write_table
from galmass_core.training.network_model import NetworkModel
from galmass_core.training.runs import open_run

ASSETS = Path(__file__).resolve().parents[1]
KINEMATIC, IMAGES = "any-0", "g-r"


def main(name: str) -> None:
    """Write the references."""
    dataset = open_dataset(name)
    (ASSETS / "reference").mkdir(exist_ok=True)
    targets = open_run(KINEMATIC).config["targets"]
    truth = dataset.samples[["name", "los", *targets]].astype(dict.fromkeys(targets, "f4"))
    found = field.reference_table(dataset, truth)
    field.write_reference(found, ASSETS / field.MAPS, ASSETS / f"reference/{KINEMATIC}.parquet")
    run = open_run(IMAGES)
    model = NetworkModel.load(run.path, run.config)
    table = unusual.seen_table(dataset.samples, dataset, [model])
    seen = [key for key in table if str(key).startswith(f"{IMAGES}_")]
    small = table.astype(dict.fromkeys(seen, "f4"))
    write_table(ASSETS / f"reference/{IMAGES}.parquet", small)


if __name__ == "__main__":
    main(sys.argv[1])
