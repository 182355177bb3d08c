"""The figures and tables of Chu et al. (2024): what each states, and what it asks of data.

`paper_answers` measures what answers them in a data set.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

from galmass_core.learning.experiments import Experiment, experiment
from galmass_core.paper.published import published_table, published_text
from galmass_core.quantities import target_named

POWER_LAW = "T10"  # where the text gives the scatter of the power law
TABLES = ("table-4", "table-5", "text")


@dataclass(frozen=True, kw_only=True)
class PaperPanel:
    """One picture that sets predictions against the truth."""

    experiment: str  # the paper's, by name
    target: str  # column that is shown
    row: int = 0  # of Table 4 (networks) or 5 (trees); 0 where only the text gives the scatter
    early: bool = False  # whether only early types are shown
    linear: bool = False  # whether the axes are not of logarithms

    @property
    def wanted(self) -> Experiment:
        """What the paper learned."""
        return experiment(self.experiment)

    @property
    def published(self) -> float:
        """The paper's scatter [dex]."""
        if not self.row:
            return float(published_text().at[POWER_LAW, "value"])
        table = published_table(5 if self.wanted.method == "trees" else 4)
        return float(table.set_index("row").at[self.row, "sigma_dex"])


class Figure(NamedTuple):
    """A figure or a table of the paper."""

    title: str  # what it shows
    says: str  # what the paper says of it
    panels: tuple[PaperPanel, ...] = ()
    across: int = 1  # how many panels lie side by side


def _panel(name: str, row: int = 0) -> PaperPanel:
    """Return the panel of what an experiment learns."""
    return PaperPanel(experiment=name, target=experiment(name).target, row=row)


_JOINT = "mstar,mtot/r+2V"
_FRACTION = PaperPanel(experiment=_JOINT, target=target_named("fdm").key, row=18, linear=True)
FIGURES = {
    "1": Figure(
        "One galaxy in four maps",
        "Subhalo 501761 of TNG100-1: the r image, the g − r map, mean velocity and velocity "
        "dispersion, each within 3 R_hsm of the centre. Such maps are all that the networks see.",
    ),
    "2": Figure(
        "From particles to predictions",
        "9,370 galaxies of TNG100-1, each seen along three axes, give 28,110 samples. Networks "
        "are trained on maps, boosted trees on ten features; both are evaluated on a test set.",
    ),
    "3": Figure(
        "A branch of the network for each map",
        "Every map goes through a ResNet-18 of its own. One linear layer combines the branches "
        "and gives the prediction.",
    ),
    "4": Figure(
        "Errors of boosted trees for M*/L as trees are added",
        "500 trees of at most five leaves, typically four levels deep. Mean absolute and mean "
        "squared error behave well on training and test part: no sign of overfitting.",
        (_panel("ml/features", 9),),
    ),
    "5": Figure(
        "Loss of the network for M*, epoch by epoch",
        "The validation loss is high and oscillates at first, and is stable after about 140 "
        "epochs. Of 200 epochs, the one with the lowest validation loss is kept.",
        (_panel("mstar/r+2V", 7),),
    ),
    "6": Figure(
        "M* by the network, and by a power law of light",
        "From the r image and both velocity maps the network predicts M* to 0.04 dex, about 10 %. "
        "A power law fitted to luminosity scatters by 0.16 dex: the network uses more than the "
        "brightness of a galaxy.",
        (_panel("mstar/r+2V", 7), _panel("mstar/power-law")),
    ),
    "7": Figure(
        "M_tot by the network",
        "The r image and both velocity maps give the total mass to 0.06 dex, about 15 %; images "
        "alone give 0.07 dex, velocity maps alone 0.09 dex.",
        (_panel("mtot/r+2V", 14),),
    ),
    "8": Figure(
        "M* and M_tot learned together, and f_DM that follows",
        "One network predicts M* to 0.04 dex and M_tot to 0.06 dex, no better than one for each, "
        "with biases of 0.01 dex. f_DM = 1 − M*/M_tot follows to 0.05 dex, too high by 0.02; for "
        "early types to 0.04 dex, too low by 0.02.",
        (
            _panel(_JOINT, 16),
            PaperPanel(experiment=_JOINT, target=target_named("mtot").key, row=17),
            _FRACTION,
            replace(_FRACTION, row=19, early=True),
        ),
        across=2,
    ),
    "9": Figure(
        "M*/L by the network, without and with colour",
        "The r image and both velocity maps give M*/L to 0.07 dex, with the g − r map as well to "
        "0.04 dex. (The abstract gives 0.04 dex to the former; Table 4 has 0.07.)",
        (_panel("ml/r+2V", 22), _panel("ml/g,r+2V", 24)),
        across=2,
    ),
    "10": Figure(
        "Correlations of features and targets",
        "Pearson's |R| is above 0.75 between σ_v and luminosity, between λ_R and B/T, f_cold and "
        "f_hot, between f_hot and both B/T and f_cold, and between the masses and both luminosity "
        "and σ_v (σ_v with M_DM: 0.74).",
    ),
    "11": Figure(
        "Masses by boosted trees, with and without M_r",
        "From ten numbers: M* to 0.05, M_tot to 0.08, M_DM to 0.13 dex; luminosity has over "
        "half of the gain. Without M_r: 0.08, 0.11 and 0.15 dex, and σ_v leads.",
        tuple(
            _panel(f"{word}/{inputs}", row)
            for word, rows in (("mstar", (1, 2)), ("mtot", (5, 6)), ("mdm", (3, 4)))
            for inputs, row in zip(("features", "no-magnitude"), rows, strict=True)
        ),
        across=2,
    ),
    "12": Figure(
        "M*/L and the fractions by boosted trees",
        "M*/L to 0.06, f* to 0.08, f_DM to 0.06 dex. No number dominates: σ_v has 37 % of the "
        "gain for M*/L and 28 % for f_DM; σ_v and g − r lead for f* and M*/L, λ_R comes second "
        "for f_DM.",
        (_panel("ml/features", 9), _panel("fstar/features", 7), _panel("fdm/features", 8)),
    ),
    "table-4": Figure("Networks", "24 results of 21 trainings: bias and scatter on the test part."),
    "table-5": Figure("Boosted trees", "Nine results from summary features, on the test set."),
    "text": Figure(
        "Other numbers in the text",
        "Numbers of samples, scatters, correlations and importances that are in no table.",
    ),
}


def label(key: str) -> str:
    """Return what the paper calls a figure or table."""
    if key == "text":
        return "Text"
    return key.replace("-", " ").capitalize() if key in TABLES else f"Figure {key}"
