"""How the losses fall as trees are added, as in Figure 4."""

from functools import partial

import holoviews as hv
from holoviews.streams import Pipe

from galmass_app.markup import snippet
from galmass_app.plots.losses import LOSSES, PARTS, loss_curves
from galmass_app.tree_models import Fit
from galmass_app.views.layout import View, column, follower, html, row


class Losses(View):
    """Mean absolute and mean squared error of training and test part, side by side."""

    def __init__(self, fit: Fit) -> None:
        super().__init__()
        self.fit, self._pipe = fit, Pipe(data=fit)
        lines = [(part, style.dash, style.colour) for part, style in PARTS.items()]
        panes = [follower("", partial(_drawn, loss=loss), self._pipe) for loss in LOSSES]
        self._layout = column(
            "gm-losses",
            html(
                "gm-section",
                snippet("shared.html", "curves", "Errors as trees are added", lines),
                wide=False,
            ),
            row("gm-two", *panes),
        )

    def draw(self, fit: Fit) -> None:
        """Show another fit."""
        self.fit = fit
        self._pipe.send(fit)


def _drawn(data: Fit, loss: str) -> hv.Overlay:
    return loss_curves(data.curves, loss)
