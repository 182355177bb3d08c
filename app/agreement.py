"""A result of ours beside the paper's: whether the two can be compared, and whether they agree."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import pandas as pd

from galmass_core.datasets.dataset import DataSet
from galmass_core.learning.experiments import FEATURES
from galmass_core.learning.metrics import Estimate
from galmass_core.paper.published import DATA, published_table
from galmass_core.quantities import has_images, quantity, symbol_of

_ROUNDING = 0.005  # dex: the paper gives two digits
_INPUTS = {FEATURES: "default10", FEATURES[1:]: "default10_minus_Mr"}


@dataclass(frozen=True)
class Agreement:
    """Whether a result agrees with the paper's."""

    published: float | None  # its scatter [dex]; None where it gives none
    agrees: bool | None  # None where the two cannot be compared
    why: str  # why they cannot; empty where they can

    @property
    def mark(self) -> tuple[str, str]:
        """The style of its mark, and the words."""
        return mark_of(self.agrees)

    @property
    def number(self) -> str:
        """The paper's scatter in words."""
        return f"Paper: σ = {self.published:.2f} dex"


def mark_of(agrees: bool | None) -> tuple[str, str]:
    """Return the style and the words for agreement; None where two numbers cannot be compared."""
    marks = {True: ("agrees", "✓ agrees"), False: ("differs", "✗ differs")}
    return marks.get(agrees, ("aside", "not comparable"))


def other_images(maps: Sequence[str], pixels: int, published: int) -> list[str]:
    """Return a difference from the paper if a network saw images of another side.

    Parameters
    ----------
    maps : sequence of str
        Inputs of the network; without an image there is no difference.
    pixels, published : int
        Side of ours and of the paper's images.
    """
    differs = has_images(maps) and pixels != published
    return [f"learned from images of {pixels}², the paper's of {published}²"] * differs


def compare_to_published(
    data: DataSet, target: str, features: Sequence[str], scatter: Estimate
) -> Agreement:
    """Compare a scatter of boosted trees with Table 5 of the paper.

    Parameters
    ----------
    data : DataSet
        Only TNG100-1 can agree or disagree.
    features : sequence of str
        Only the paper's ten, or nine of them where it leaves M_r out, can agree or disagree.
    scatter : Estimate
        Of ours, dex.
    """
    inputs = _INPUTS.get(tuple(features))
    published = _published(target, inputs or "default10")
    if published is None:
        return Agreement(None, None, "the paper gives no value for this")
    differences = () if inputs else [_other_features(features)]
    return compare_network_to_published(data, published, scatter, differences)


def compare_network_to_published(
    data: DataSet, published: float, scatter: Estimate, differences: Sequence[str] = ()
) -> Agreement:
    """Compare a scatter of a network with Table 4 of the paper.

    Parameters
    ----------
    data : DataSet
        Only TNG100-1 can agree or disagree.
    published : float, dex
        The paper's scatter.
    scatter : Estimate
        Of ours, dex.
    differences : sequence of str
        How ours was learned in another way than the paper's; then it can do neither.
    """
    if why := _other_data(data) or ", ".join(differences):
        return Agreement(published, None, why)
    allowed = 2 * scatter.error + _ROUNDING
    return Agreement(published, abs(scatter.value - published) <= allowed, "")


@lru_cache(maxsize=256)
def network_scatter(target: str, inputs: str, *, joint: bool) -> float | None:
    """Return the scatter that Table 4 gives for networks, None if it gives none.

    Parameters
    ----------
    inputs : str
        As `experiments.inputs_of` writes it.
    joint : bool
        Whether several targets were learned at once; the other kind stands in where there is no
        such row.
    """
    table = _table(4)
    rows = table[
        (table["target"] == target) & (table["inputs"] == inputs) & (table["subset"] == "test")
    ]
    same = rows[rows["train_targets"].str.contains(",") == joint]
    chosen = rows if same.empty else same
    return None if chosen.empty else float(chosen["sigma_dex"].iloc[0])


def _other_features(features: Sequence[str]) -> str:
    """Return how features differ from the paper's ten."""
    lacking = [quantity(key).symbol for key in FEATURES if key not in features]
    added = [symbol_of(key) for key in features if key not in FEATURES]
    parts = [f"without {', '.join(lacking)}"] * bool(lacking)
    parts += [f"with {', '.join(added)}"] * bool(added)
    return f"learned {' and '.join(parts)}, unlike the paper"


def _other_data(data: DataSet) -> str:
    """Say which galaxies these are, if not the paper's."""
    if others := [name for name in simulations(data) if name != DATA]:
        return f"the galaxies are of {', '.join(others)}, the paper's of TNG100-1"
    return ""


@lru_cache(maxsize=16)
def simulations(data: DataSet) -> tuple[str, ...]:
    """Return where its galaxies come from, as in `TNG/TNG100-1`."""
    return tuple(sorted(data.samples["name"].str.rsplit("/", n=2).str[0].unique()))


def _published(target: str, inputs: str) -> float | None:
    table = _table(5)
    row = table[(table["target"] == target) & (table["inputs"] == inputs)]
    return None if row.empty else float(row["sigma_dex"].iloc[0])


@lru_cache(maxsize=2)
def _table(number: int) -> pd.DataFrame:
    return published_table(number)
