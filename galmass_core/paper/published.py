"""Read the published results of Chu et al. (2024), for comparison only."""

import pandas as pd

from galmass_core.assets import asset
from galmass_core.quantities import TARGETS, Target

DATA = "TNG/TNG100-1"  # only results on these galaxies are comparable to the paper's


def published_table(number: int) -> pd.DataFrame:
    """Read Table 4 (networks) or 5 (boosted trees).

    Parameters
    ----------
    number : int

    Returns
    -------
    pandas.DataFrame
        One row per row of the table: ``row``, ``inputs``, ``train_targets``, ``output``,
        ``subset``, ``mean_dex``, ``sigma_dex`` and others, and ``target``, the column of
        `quantities` that ``output`` and ``aperture`` denote.

    Raises
    ------
    FileNotFoundError
        If there is no such table.
    """
    table = pd.read_csv(asset(f"paper/table{number}.csv"))
    return table.assign(
        target=[
            published_target(name, aperture).key
            for name, aperture in zip(table["output"], table["aperture"], strict=True)
        ]
    )


def published_target(name: str, aperture: str) -> Target:
    """Return the target of a name and an aperture (``1Rhsm`` ...) in the paper's tables."""
    number = int(aperture[0])
    return next(
        target
        for target in TARGETS.values()
        if (target.published, target.aperture) == (name, number)
    )


def published_text() -> pd.DataFrame:
    """Read the results that the paper states in its text, one per row, indexed by ``id``.

    ``contradicted_by`` names other parts of the paper that contradict a row; may be empty.
    """
    path = asset("paper/text_results.csv")
    return pd.read_csv(path, dtype=str, keep_default_na=False).set_index("id")
