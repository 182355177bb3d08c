"""The galaxy that was tapped: its four maps, and what each panel says of it."""

from collections.abc import Sequence
from html import escape

import panel as pn

from galmass_app import services
from galmass_app.comparison import Missing, Result
from galmass_app.framework import batched_update
from galmass_app.state import SessionState
from galmass_app.views.download import Download
from galmass_app.views.four_maps import FourMaps
from galmass_app.views.prediction import signed
from galmass_core.galaxy import GalaxyName
from galmass_core.quantities import quantity


class ComparedGalaxy(pn.viewable.Viewer):
    """Beside the panels, so that a tap is answered at once."""

    def __init__(self, session: SessionState) -> None:
        super().__init__()
        self._session = session
        stretch = {"sizing_mode": "stretch_width"}
        self._title = pn.pane.HTML(css_classes=["gm-compared-name"], **stretch)
        self._slot = pn.Column(css_classes=["gm-slot"], **stretch)
        self._table = pn.pane.HTML(css_classes=["gm-compared-table"], **stretch)
        self._maps, self._drawn = None, None
        self._download = Download.of_maps(session, "gm-compared-galaxy")
        self._layout = pn.Column(
            self._title,
            self._slot,
            self._table,
            self._download,
            css_classes=["gm-compared-galaxy"],
            **stretch,
        )

    def __panel__(self) -> pn.viewable.Viewable:
        return self._layout

    def draw(self, answers: Sequence[Result | Missing], target: str) -> None:
        """Show the galaxy in view, and what is said of it."""
        session = self._session
        self._title.object = _title(session)
        self._table.object = _table(session, answers, target)
        self._slot.visible = self._download.visible = session.data.has_maps
        if session.data.has_maps:
            self._draw_maps()

    def _draw_maps(self) -> None:
        """Show its maps, unless they are in view already; the first time, make their panes."""
        session = self._session
        sample = (session.data, session.galaxy, session.los)
        if (*sample, session.theme) == self._drawn:
            return
        self._drawn = (*sample, session.theme)
        radius = session.data.row(session.galaxy, session.los).get("effective_radius")
        content = (services.maps(*sample), services.scales(*sample), radius, session.theme)
        if self._maps:
            with batched_update():
                self._maps.draw(*content)
        else:
            self._maps = FourMaps(*content)
            self._slot.append(self._maps)


def _title(session: SessionState) -> str:
    """Name the sample."""
    subhalo = escape(GalaxyName.parse(session.galaxy).subhalo)
    row = session.data.row(session.galaxy, session.los)
    return f'<div class="line"><h2>Subhalo {subhalo}</h2><p>seen along {row["los"]}</p></div>'


def _table(session: SessionState, answers: Sequence[Result | Missing], target: str) -> str:
    """Write what each panel predicts for the sample in view, beside the truth."""
    lines, truth = "", None
    for answer in answers:
        rows = answer.predictions if isinstance(answer, Result) else None
        if rows is None:
            continue
        row = rows[(rows["name"] == session.galaxy) & (rows["los"] == session.los)]
        numbers = "<td class='number'>–</td><td class='number'>not tested</td>"
        if len(row):
            truth, predicted = float(row["y_true"].iloc[0]), float(row["y_pred"].iloc[0])
            numbers = (
                f'<td class="number">{_number(predicted)}</td>'
                f'<td class="number">{signed(predicted - truth, 3)}</td>'
            )
        lines += f'<tr><th scope="row">{escape(answer.title)}</th>{numbers}</tr>'
    if truth is None:
        shown = any(isinstance(answer, Result) for answer in answers)
        return shown * (
            "<p>Tap a point in a panel to see its galaxy here. This one was learned from, so no "
            "panel shows it.</p>"
        )
    symbol = escape(quantity(target).symbol)
    heads = (
        '<th scope="col">from</th><th scope="col" class="number">predicted</th>'
        '<th scope="col" class="number">error [dex]</th>'
    )
    return (
        f"<p>True log {symbol} = <b>{_number(truth)}</b>; its lines of sight are joined in every "
        f"panel.</p><table><tr>{heads}</tr>{lines}</table>"
    )


def _number(value: float) -> str:
    """Write a logarithm."""
    return f"{value:.3f}".replace("-", "−")
