"""What was measured for a figure of the paper -> its pictures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import pandas as pd
import panel as pn

from galmass_app import services
from galmass_app.comparison import Missing, Result
from galmass_app.fits import Fit
from galmass_app.paper_answers import Answer, Matrix
from galmass_app.paper_figures import FIGURES
from galmass_app.plots.correlation import correlation_picture
from galmass_app.plots.diagrams import network, workflow
from galmass_app.state import Choice
from galmass_app.views.features.losses import Losses
from galmass_app.views.four_maps import FourMaps
from galmass_app.views.paper import words
from galmass_app.views.paper.panel import PaperPanel, html_pane, shared_axes
from galmass_app.views.table_four import table
from galmass_app.views.take_along import flat
from galmass_app.views.train.run_in_view import RunInView
from galmass_core.datasets.fits_files import maps_as_fits

_STRETCH = {"sizing_mode": "stretch_width"}
NO_MAPS = (
    '<div class="gap"><div><p><b>This data set has no maps.</b></p><p>They are made by '
    "<code>galmass build</code> from files of particles.</p></div></div>"
)


@dataclass
class Drawing:
    """The pictures of a figure.

    Attributes
    ----------
    parts : list of Viewable
    panels : list of PaperPanel
        Those that mark the galaxy in view; `draw_next` fills them.
    rows : pandas.DataFrame
        The numbers in the pictures.
    fits : callable or None
        Returns a FITS file where it is more than these.
    """

    parts: list = field(default_factory=list)
    panels: list[PaperPanel] = field(default_factory=list)
    rows: pd.DataFrame = field(default_factory=pd.DataFrame)
    fits: Callable[[], bytes] | None = None

    def mark(self, galaxy: str, los: str) -> None:
        """Mark the galaxy in view."""
        for panel in self.panels:
            panel.mark(galaxy, los)

    @property
    def due(self) -> bool:
        """Whether there are panels to be drawn."""
        return any(not panel.drawn for panel in self.panels)

    def draw_next(self) -> None:
        """Draw one panel more: all in one go would keep other visitors waiting."""
        next(panel for panel in self.panels if not panel.drawn).draw()


def sample_of(choice: Choice) -> tuple[str, str]:
    """Return galaxy and line of sight of Figure 1: the paper's if it is here."""
    there = choice.data.samples["name"].eq(words.GALAXY).any()
    return (words.GALAXY if there else choice.galaxy), choice.los


def draw_figure(choice: Choice, content: object) -> Drawing:
    """Draw a figure or table.

    Parameters
    ----------
    choice : Choice
        Says which, and in what theme.
    content : object
        As `paper_answers.measured` gives it.

    Returns
    -------
    Drawing
    """
    ways = {
        "1": _galaxy,
        "2": _workflow,
        "3": _network,
        "4": _tree_losses,
        "5": _network_losses,
        "10": _matrix,
        "table-4": _table_four,
        "table-5": _nothing,
        "text": _text,
    }
    return ways.get(choice.figure, _panels)(choice, content)


def _galaxy(choice: Choice, _: object) -> Drawing:
    """Draw the four maps of a galaxy."""
    data, sample = choice.data, sample_of(choice)
    if not data.has_maps:
        return Drawing([html_pane(NO_MAPS, "gm-result")])
    row = data.row(*sample)
    maps, scales = services.maps(data, *sample), services.scales(data, *sample)
    four = FourMaps(maps, scales, row.get("effective_radius"), choice.theme)
    said = words.galaxy_in_view(*sample) + words.masses(data, *sample)
    return Drawing([four, html_pane(said, "gm-result")], fits=partial(maps_as_fits, maps, row))


def _workflow(choice: Choice, _: object) -> Drawing:
    """Draw Figure 2."""
    galaxies, samples = len(choice.data.galaxy_names), len(choice.data)
    said = f'<p class="numbers">Ours: {galaxies:,} galaxies, {samples:,} samples.</p>'
    return Drawing([html_pane(workflow() + said, "gm-result")])


def _network(_choice: Choice, _: object) -> Drawing:
    """Draw Figure 3."""
    said = "<p>Ours: the same, about 11.2 million weights in each branch at full width.</p>"
    return Drawing([html_pane(network() + said, "gm-result")])


def _tree_losses(choice: Choice, content: Sequence[Answer]) -> Drawing:
    """Draw the losses of boosted trees."""
    [panel], [one] = FIGURES[choice.figure].panels, content
    if not isinstance(one, Fit):
        return Drawing([html_pane(words.gap(choice.data, panel, one), "gm-result")])
    said = "<p>Ours:</p>" + words.panel_words(choice.data, panel, one, None)
    return Drawing([Losses(one), html_pane(said, "gm-result")], rows=one.curves)


def _network_losses(choice: Choice, content: Sequence[Answer]) -> Drawing:
    """Draw the losses of a network's run."""
    [panel], [one] = FIGURES[choice.figure].panels, content
    if not isinstance(one, Result):
        return Drawing([html_pane(words.gap(choice.data, panel, one), "gm-result")])
    view = RunInView(one.run, choice.theme)
    said = html_pane(words.run_words(panel, one), "gm-result")
    return Drawing([view, said], rows=services.history(one.run))


def _matrix(choice: Choice, content: Matrix | Missing) -> Drawing:
    """Draw the correlation matrix."""
    if isinstance(content, Missing):
        return Drawing([html_pane(words.no_matrix(choice.data, content), "gm-result")])
    picture = correlation_picture(content.values, content.features, choice.theme)
    pane = pn.pane.HoloViews(
        picture, linked_axes=False, css_classes=["gm-matrix"], margin=0, **_STRETCH
    )
    said = html_pane(words.matrix_words(content), "gm-result")
    parts = [pn.Row(pane, said, css_classes=["gm-paper-matrix"], **_STRETCH)]
    return Drawing(parts, rows=content.values.reset_index(names="column"))


def _table_four(choice: Choice, content: list[dict]) -> Drawing:
    """Write Table 4."""
    said = table(choice.data, content)
    return Drawing([html_pane(said, "gm-table-four")], rows=flat(content))


def _text(choice: Choice, content: list[dict]) -> Drawing:
    """Write what the text states."""
    said = words.text_table(choice.data, content)
    return Drawing([html_pane(said, "gm-table-text")], rows=flat(content))


def _nothing(_choice: Choice, _: object) -> Drawing:
    """Draw nothing: the table draws itself."""
    return Drawing()


def _panels(choice: Choice, content: Sequence[Answer]) -> Drawing:
    """Draw predictions against the truth, panel by panel."""
    figure = FIGURES[choice.figure]
    axes = shared_axes(figure.panels, content)
    views = [
        PaperPanel(choice.data, panel, one, axes.get(panel.target), _chooser(choice))
        for panel, one in zip(figure.panels, content, strict=True)
    ]
    grid = pn.Column(*views, css_classes=[f"gm-paper-{figure.across}"], **_STRETCH)
    return Drawing(
        [html_pane(f"<p>{words.TAP}</p>", "gm-result"), grid], views, _predictions(figure, content)
    )


def _chooser(choice: Choice) -> Callable[[str, str], None]:
    """Return what is done with a sample that was tapped."""

    def choose(galaxy: str, los: str) -> None:
        choice.param.update(galaxy=galaxy, los=los, not_found="")

    return choose


def _predictions(figure: object, content: Sequence[Answer]) -> pd.DataFrame:
    """Return all predictions in a figure, with what each is of."""
    tables = [
        one.predictions.assign(experiment=panel.experiment, target=panel.target, early=panel.early)
        for panel, one in zip(figure.panels, content, strict=True)
        if not isinstance(one, Missing)
    ]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()
