"""A data set or a run -> a page of the dashboard in a notebook cell, in one line."""

from functools import lru_cache

import panel as pn

from galmass_app import services
from galmass_app.framework import embed_sheets
from galmass_app.page import PAGES
from galmass_app.state import SessionState
from galmass_app.theme import Look, style_sheet
from galmass_app.views.frame.selection_bar import SelectionBar
from galmass_app.views.train.run_in_view import RunInView
from galmass_core.datasets.dataset import DataSet
from galmass_core.training.runs import Run


def show(what: DataSet | Run, page: str = "explore", **chosen: object) -> pn.Column:
    """Show a page of the dashboard in a notebook; it answers as it does in the browser.

    >>> show(open_dataset("demo"))
    >>> show(open_dataset("demo"), "features", target="log_mtot_1rhsm")
    >>> show(open_run("mstar-r+2V-20260101-120000"))

    Parameters
    ----------
    what : DataSet or Run
        A run shows its curves and facts.
    page : str
        ``explore``, ``sample``, ``features``, ``train``, ``compare``, ``why`` or ``paper``, for a
        data set.
    **chosen
        What else is chosen, by the names of `SessionState`: ``galaxy``, ``los``, ``x``, ``y``,
        ``target``, ``theme``, … The theme is light by default.

    Returns
    -------
    panel.Column
        Shows itself as the last line of a cell.

    Raises
    ------
    ValueError
        If there is no such page, something chosen does not exist, or the data set cannot be used.
    """
    _load()
    theme = chosen.setdefault("theme", "light")
    views = [RunInView(what, theme)] if isinstance(what, Run) else _page(what, page, chosen)
    return pn.Column(
        *views,
        stylesheets=[style_sheet("tokens.css")],
        css_classes=["gm-notebook", f"gm-{theme}"],
        sizing_mode="stretch_width",
        hooks=[embed_sheets],
    )


def _page(data: DataSet, page: str, chosen: dict[str, object]) -> list[pn.viewable.Viewer]:
    """Make a page of a data set, under the bar that selects galaxies in words."""
    if page not in PAGES:
        msg = f"page must be one of {', '.join(PAGES)}, got {page!r}"
        raise ValueError(msg)
    if unknown := set(chosen) - set(SessionState.param):
        msg = f"chosen must be names of SessionState, got {', '.join(sorted(unknown))}"
        raise ValueError(msg)
    session = SessionState(page=page, dataset=services.register_dataset(data.path), **chosen)
    session.settle()
    if trouble := session.error or session.not_found or session.not_kept:
        raise ValueError(trouble)
    return [SelectionBar.of(session), PAGES[page][1](session)]


@lru_cache(maxsize=1)
def _load() -> None:
    """Bring scripts and looks into the notebook; from then on all of Panel there looks so."""
    pn.extension(inline=True, design=Look)
