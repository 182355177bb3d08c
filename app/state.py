"""What a person has chosen; no widgets. The URL mirrors it, the views follow it."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import param

from galmass_app import services
from galmass_core.dataset import DataSet
from galmass_core.galaxy import LINES_OF_SIGHT
from galmass_core.quantities import QUANTITIES
from galmass_core.splits import SPLITS

IN_URL = {"page": "page", "dataset": "data", "galaxy": "galaxy", "los": "los"} | {
    key: key for key in ("x", "y", "colours", "target", "features", "split")
}


class Choice(param.Parameterized):
    """The galaxy in view and how it is looked at: the only mutable state of a session."""

    page = param.String("explore", doc="Page in view.")
    dataset = param.String(doc="Name of the data set in the catalogue; empty if there is none.")
    galaxy = param.String(doc="Galaxy in view, suite/simulation/snapshot/subhalo.")
    los = param.Selector(default="z", objects=list(LINES_OF_SIGHT), doc="Line of sight.")
    x = param.String("log_mstar", doc="Column on the x axis of the scatter.")
    y = param.String("log_mtot_1rhsm", doc="Column on its y axis.")
    colours = param.Selector(
        default="galaxy", objects=["galaxy", "sample"], doc="What a colour range is made for."
    )
    target = param.String("log_mstar_1rhsm", doc="Column to be learned.")
    features = param.String(doc="Columns to learn it from, parted by commas; empty: as the paper.")
    split = param.Selector(default="galaxy", objects=list(SPLITS), doc="Who is tested.")
    theme = param.Selector(default="dark", objects=["dark", "light"], doc="Look of the page.")
    not_found = param.String(doc="Why the last ID was no galaxy; empty once one is in view.")
    error = param.String(doc="The last thing that went wrong, until it is dismissed.")
    work = param.String(doc="What is being made in the home folder; empty if nothing is.")
    pending = param.Boolean(doc="Whether pictures are under way.")

    @property
    def data(self) -> DataSet | None:
        """The data set in view, None if there is none."""
        return services.dataset(self.dataset) if self.dataset else None

    def settle(self) -> None:
        """Replace what does not exist by what does, and say so: after reading a URL."""
        asked, galaxy = self.dataset, self.galaxy
        for name in dict.fromkeys(filter(None, (asked, *services.catalogue()))):
            self.dataset = ""
            self.open(name)
            if self.dataset:
                break
        if self.dataset and galaxy:
            self.show(galaxy)

    def open(self, name: str) -> None:
        """Go to another data set; stay where we are if it cannot be opened."""
        with self.reporting():
            data = services.dataset(name)
            columns = axis_columns(data)
            self.param.update(
                dataset=name,
                galaxy=data.galaxy_names[0],
                x=self.x if self.x in columns else columns[0],
                y=self.y if self.y in columns else columns[-1],
                not_found="",
            )

    def show(self, text: str) -> None:
        """Go to the galaxy of that ID or name; stay, and say which are near, if there is none."""
        try:
            self.param.update(galaxy=services.find_galaxy(self.data, text), not_found="")
        except KeyError as error:
            self.not_found = error.args[0]

    def step(self, by: int) -> None:
        """Go to a galaxy further on in the data set; after the last comes the first."""
        with self.reporting():
            names = self.data.galaxy_names
            self.show(names[(names.index(self.galaxy) + by) % len(names)])

    def jump(self) -> None:
        """Go to another galaxy by chance."""
        with self.reporting():
            others = [name for name in self.data.galaxy_names if name != self.galaxy]
            if others:
                self.show(random.choice(others))

    @contextmanager
    def reporting(self) -> Iterator[None]:
        """Keep what goes wrong as a sentence in `error`, and carry on."""
        try:
            yield
        except (OSError, ValueError, KeyError) as error:
            self.error = str(error.args[0] if isinstance(error, KeyError) else error)


def axis_columns(data: DataSet) -> list[str]:
    """Return the columns that can be an axis: known quantities with at least one value."""
    return [key for key in QUANTITIES if key in data.samples and data.samples[key].notna().any()]
