"""What Chu et al. (2024) published, as tables: their numbers stand beside ours, never for them."""

import pandas as pd

from galmass_core.assets import asset

DATA = "TNG/TNG100-1"  # only results on these galaxies can agree or disagree with the paper's
_COLUMNS = {
    "Mstar": "log_mstar",
    "Mstar2D": "log_mstar2d",
    "MDM": "log_mdm",
    "Mtot": "log_mtot",
    "fstar": "f_star",
    "fDM": "f_dm",
    "Mstar/L": "log_ml_r",
}


def published_table(number: int) -> pd.DataFrame:
    """Read Table 4 (networks) or 5 (boosted trees).

    Parameters
    ----------
    number : int

    Returns
    -------
    pandas.DataFrame
        One line per row of the table: ``row``, ``inputs``, ``train_targets``, ``output``,
        ``subset``, ``mean_dex``, ``sigma_dex`` and others, and ``target``, the column of
        `quantities` that ``output`` and ``aperture`` mean.

    Raises
    ------
    FileNotFoundError
        If there is no such table.
    """
    table = pd.read_csv(asset(f"paper/table{number}.csv"))
    aperture = table["aperture"].str.extract(r"^(\d)")[0]
    return table.assign(target=table["output"].map(_COLUMNS) + "_" + aperture + "rhsm")


def published_text() -> pd.DataFrame:
    """Read the results that the paper states in its text, one a row, indexed by ``id``.

    ``contradicted_by`` says what else in the paper a row disagrees with; empty where nothing.
    """
    path = asset("paper/text_results.csv")
    return pd.read_csv(path, dtype=str, keep_default_na=False).set_index("id")
