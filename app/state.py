"""The state of a session, typed; no widgets. `address` writes it, the views follow it."""

import random
from bisect import bisect_left
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import lru_cache

import pandas as pd
import param
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from galmass_app import services
from galmass_app.selection import COMBINATIONS, SAVED, combined, is_mask, text_of
from galmass_core.datasets.dataset import DataSet
from galmass_core.galaxy import LINES_OF_SIGHT
from galmass_core.learning.splits import SPLITS
from galmass_core.quantities import QUANTITIES, further_keys, is_known_column, map_keys
from galmass_core.telescope import TELESCOPES

PAGES = (
    "explore",
    "sample",
    "gallery",
    "features",
    "train",
    "runs",
    "compare",
    "diagnostics",
    "why",
    "transfer",
    "paper",
)
LAST = 20  # selections that can be undone
# what Explore opens when asked to
INSIGHTS = (
    *("further", "alike", "motion", "lines", "beside"),
    *("turn", "telescope", "observed", "definitions"),
)


GONE = (
    "The data set {} was deleted or can no longer be read. What is in view stays; to see other "
    "galaxies, choose a data set above. There are: {}."
)


class SessionState(param.Parameterized):
    """The galaxy in view and how it is looked at: the only mutable state of a session."""

    page = param.Selector(default="explore", objects=list(PAGES), doc="Page in view.")
    dataset = param.String(doc="Name of the data set in the catalogue; empty if there is none.")
    galaxy = param.String(doc="Galaxy in view, suite/simulation/snapshot/subhalo.")
    los = param.Selector(default="z", objects=list(LINES_OF_SIGHT), doc="Line of sight.")
    selection_query = param.String(
        doc="Which galaxies are selected, as `selection` writes it; empty: all."
    )
    selection_label = param.String(
        doc="How they were selected; empty: as `selection_query` has it."
    )
    combining = param.Selector(
        default="replace",
        objects=list(COMBINATIONS),
        doc="What a box, a lasso or a saved selection does to the selection before.",
    )
    past = param.List(item_type=tuple, doc="Selections before, query and label, the last one last.")
    future = param.List(item_type=tuple, doc="Selections that were undone.")
    sort = param.String(doc="Column that selected galaxies are sorted by; empty: error.")
    x = param.String("log_mstar", doc="Column on the x axis of the scatter.")
    y = param.String("log_mtot_1rhsm", doc="Column on its y axis.")
    colour = param.String(doc="Column that gives its points their colour; empty: none.")
    colours = param.Selector(
        default="galaxy",
        objects=["galaxy", "sample", "hand"],
        doc="What a colour range is made for, or set by.",
    )
    limits = param.List([], item_type=str, doc="Ranges set by hand, such as ``V:-100:100``.")
    least_stars = param.Selector(
        default=1,
        objects=[1, 2, 5, 10, 30],
        doc="Fewest stars in a pixel of V and σ that is drawn; σ needs two.",
    )
    insights = param.ListSelector(
        default=[], objects=list(INSIGHTS), doc="Parts of the Explore page that are open."
    )
    further = param.ListSelector(
        default=[], objects=list(further_keys()), doc="Maps beside the paper's four that are shown."
    )
    beside = param.String(
        doc="Sample that is pinned: a galaxy, a blank and its line of sight; empty: none."
    )
    alike = param.Selector(
        default="r", objects=["r", "g,r+2V"], doc="Maps in which lookalikes are alike."
    )
    telescope = param.Selector(
        default="MaNGA", objects=list(TELESCOPES), doc="Preset of the telescope that looks."
    )
    tuned = param.List([], item_type=str, doc="What differs from it, such as ``seeing:2.5``.")
    observed = param.String(doc="Observed galaxy in view, as its file is called; empty: the first.")
    target = param.String("log_mstar_1rhsm", doc="Column to be learned.")
    features = param.List(item_type=str, doc="Columns to learn it from; empty: as the paper.")
    split = param.Selector(default="galaxy", objects=list(SPLITS), doc="Who is tested.")
    branches = param.String("r+2V", doc="Inputs that the branch switches show.")
    panels = param.List(
        ["r+2V", "r", "2V", "power-law"], item_type=str, doc="What is compared: inputs and runs."
    )
    pinned = param.List(
        [], item_type=str, doc="Runs that answer for inputs, until newer ones are asked for."
    )
    reference = param.String(doc="Which of them the others are compared with; empty: the first.")
    against = param.String("log_mstar", doc="Column that errors are shown against.")
    arrows = param.Boolean(doc="Whether arrows lead from the reference.")
    experiment = param.String("mstar/r+2V", doc="What the Train page would train.")
    run = param.String(doc="Run in view on the Train page; empty: the newest.")
    listed_run = param.String(doc="Run that is open on the Runs page; empty: none.")
    ticked_runs = param.List([], item_type=str, doc="Runs that are ticked there, to be compared.")
    gallery_map = param.Selector(
        default=map_keys()[0],
        objects=[*map_keys(), *further_keys()],
        doc="Map that the gallery shows.",
    )
    gallery_order = param.String(
        doc="What it is sorted by, as of `gallery.orders`; empty: nothing."
    )
    gallery_colour = param.String(doc="What gives its frames their colours, likewise.")
    explained_run = param.String(
        doc="Run that the Why page explains; empty: the one with most of the paper's maps."
    )
    diagnosed_run = param.String(
        doc="Run in view on the Diagnostics page; empty: the newest that predicts the target."
    )
    profile_run = param.String(doc="Run whose mass profile is drawn; empty: the newest.")
    profile_unit = param.Selector(
        default="kpc", objects=["kpc", "rhsm"], doc="Unit of the radii of mass profiles."
    )
    transfer = param.String(
        doc="Record in view on the Transfer page, with its target; empty: the newest."
    )
    figure = param.String("1", doc="Figure or table in view on the Paper page.")
    getting = param.Boolean(doc="Whether the panel is open that fetches TNG data.")
    building = param.Boolean(doc="Whether the panel is open that builds data sets from files.")
    theme = param.Selector(default="dark", objects=["dark", "light"], doc="Look of the page.")
    not_found = param.String(doc="Why the last ID was no galaxy; empty once one is in view.")
    not_kept = param.String(doc="Why the last filter keeps nothing; empty once one does.")
    error = param.String(doc="The last thing that went wrong, until it is dismissed.")
    work = param.String(doc="What is being made in the home folder; empty if nothing is.")
    poll_count = param.Integer(doc="How often the home folder has been looked at.")
    pending = param.Boolean(doc="Whether pictures are under way.")
    computing = param.Integer(doc="How many parts of the page wait for a worker.")
    _data: DataSet | None = None  # as it was read last

    @property
    def data(self) -> DataSet | None:
        """The data set in view, as it was read last if it is gone; None if there is none."""
        if not self.dataset:
            return None
        try:
            return services.dataset(self.dataset)
        except (OSError, ValueError, KeyError):
            if self._data is None or self._data.path.name != self.dataset:
                raise
            return self._data

    def follow_data(self) -> None:
        """Say that the data set in view was deleted, and stay; show it again if it was replaced."""
        before = self._data
        if not self.dataset or before is None:
            return
        try:
            self._data = services.dataset(self.dataset)
        except (OSError, ValueError, KeyError):
            others = ", ".join(name for name in services.catalogue() if name != self.dataset)
            gone = GONE.format(self.dataset, others or "none; make one with galmass build")
            self.error = self.error if gone in self.error else gone
            return
        if self._data is not before:
            self._replaced()

    def _replaced(self) -> None:
        """Go on with what has come in place of the data set in view."""
        data, text = self._data, f"{self.dataset} was changed on disk and read again."
        columns, names = axis_columns(data), data.galaxy_names
        if self.galaxy not in data.galaxy_places:
            text += f" It no longer has {self.galaxy}; {names[0]} is shown."
        self.error = text
        self.param.update(
            galaxy=self.galaxy if self.galaxy in data.galaxy_places else names[0],
            x=self.x if self.x in columns else columns[0],
            y=self.y if self.y in columns else columns[-1],
            colour=self.colour if self.colour in columns else "",
        )
        self.param.trigger("dataset")

    @property
    def selection(self) -> tuple[str, ...]:
        """The galaxies that are selected, none if all are."""
        with self.reporting():
            if self.selection_query and self.data:
                return services.kept(self.data, self.selection_query)
        return ()

    def settle(self) -> None:
        """Replace what does not exist by what does, and report it: after reading an address."""
        wanted, galaxy = self.dataset, self.galaxy
        for name in dict.fromkeys(filter(None, (wanted, *services.catalogue()))):
            self.dataset = ""
            self.open(name)
            if self.dataset:
                break
        if self.dataset and wanted and self.dataset != wanted:
            self.error += f". Shown instead: {self.dataset}."
        if self.dataset and galaxy:
            self.show(galaxy)
            if self.not_found:  # for all pages to show
                self.param.update(error=f"{self.error} {self.not_found}".strip(), not_found="")

    def open(self, name: str) -> None:
        """Go to another data set; stay where we are if it cannot be opened."""
        with self.reporting():
            data = services.dataset(name)
            columns, query, label = axis_columns(data), self.selection_query, self.selection_label
            self._data = data
            self.param.update(
                dataset=name,
                selection_query="",
                selection_label="",
                past=[],
                future=[],
                galaxy=services.first_galaxy(data),
                x=self.x if self.x in columns else columns[0],
                y=self.y if self.y in columns else columns[-1],
                colour=self.colour if self.colour in columns else "",
                not_found="",
                not_kept="",
            )
            if query:
                self.keep(query, label)
                self.past = []

    def show(self, text: str) -> None:
        """Go to the galaxy of that ID or name; stay, and suggest similar ones, if there is none."""
        try:
            data = services.dataset(self.dataset)
            self.param.update(galaxy=services.find_galaxy(data, text), not_found="")
        except KeyError as error:
            self.not_found = error.args[0]

    def look_at(self, galaxy: str, los: str) -> None:
        """Go to a sample of the data set in view."""
        self.param.update(galaxy=galaxy, los=los, not_found="")

    def keep(self, query: str, label: str = "") -> None:
        """Select the galaxies of an expression or a list; report why if there are none."""
        query = query.strip()
        try:
            names = services.kept(self.data, query)
        except ValueError as error:
            self.not_kept = str(error)
            return
        before = (
            [] if query == self.selection_query else [(self.selection_query, self.selection_label)]
        )
        self.param.update(
            selection_query=query,
            selection_label=label,
            galaxy=self.galaxy if self.galaxy in names else names[0],
            past=[*self.past, *before][-LAST:],
            future=[],
            not_kept="",
            not_found="",
        )

    def combine(self, query: str, label: str = "") -> None:
        """Select as `keep`, together with what is selected now if `combining` says so."""
        if self.combining != "replace" and self.selection_query and query.strip():
            ids = services.subhalo_ids(self.data)
            before = self.selection_label or self.selection_query
            words = "and not" if self.combining == "not" else self.combining
            try:
                query = combined(self.selection_query, self.combining, query, self.data, ids)
            except ValueError as error:
                self.not_kept = str(error)
                return
            named = (before if not is_mask(before) else "these", label or "others")
            label = f" {words} ".join(each.removeprefix(SAVED) for each in named)
        self.keep(query, label)

    def select(self, names: Collection[str], label: str) -> None:
        """Select galaxies by name, and keep how they were chosen; an empty list changes nothing."""
        if names:
            self.combine(text_of(names, self.data, services.subhalo_ids(self.data)), label)

    def undo(self) -> None:
        """Go back to the selection before."""
        if self.past:
            *past, before = self.past
            future = [*self.future, (self.selection_query, self.selection_label)]
            self.keep(*before)
            self.param.update(past=past, future=future)

    def redo(self) -> None:
        """Select again what was undone."""
        if self.future:
            *future, undone = self.future
            self.keep(*undone)
            self.future = future

    def step(self, by: int) -> None:
        """Go to a galaxy further on among those kept; after the last comes the first."""
        with self.reporting():
            places = services.dataset(self.dataset).galaxy_places
            kept = list(services.kept(self.data, self.selection_query))
            here = bisect_left(kept, places[self.galaxy], key=places.__getitem__)
            if kept[here : here + 1] != [self.galaxy]:
                kept.insert(here, self.galaxy)
            self.show(kept[(here + by) % len(kept)])

    def jump(self) -> None:
        """Go to another of the galaxies kept, by chance."""
        with self.reporting():
            kept = services.kept(services.dataset(self.dataset), self.selection_query)
            two = random.sample(kept, min(2, len(kept)))  # one of them is another
            if others := [name for name in two if name != self.galaxy]:
                self.show(others[0])

    @contextmanager
    def reporting(self) -> Iterator[None]:
        """Keep what goes wrong as a sentence in `error`, and carry on."""
        try:
            yield
        except (OSError, ValueError, KeyError) as error:
            self.error = str(error.args[0] if isinstance(error, KeyError) else error)


def axis_columns(data: DataSet) -> list[str]:
    """Return the columns that can be an axis: known and joined numbers with at least one value."""
    return list(_axis_columns(data))


@lru_cache(maxsize=16)
def _axis_columns(data: DataSet) -> tuple[str, ...]:
    known = [key for key in QUANTITIES if is_known_column(key) and key in data.samples]
    return tuple(key for key in (*known, *data.joined_columns) if _is_number(data.samples[key]))


def _is_number(column: pd.Series) -> bool:
    """Return whether a column has numbers, other than true and false."""
    is_number = is_numeric_dtype(column.dtype) and not is_bool_dtype(column.dtype)
    return is_number and bool(column.notna().any())
