"""A figure to download, its picture as it is on the screen and its data; and how it was made."""

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import param
from panel.custom import JSComponent

from galmass_app import how_made, services
from galmass_app.state import SessionState
from galmass_core.assets import asset
from galmass_core.datasets.fits_files import maps_as_fits, table_as_fits

PICTURES = ("PNG", "SVG", "PDF")
HOW = "how"  # message of a browser that asks how the figure was made
_LETTERS = str.maketrans({"σ": "sigma", "λ": "lambda"})


class Download(JSComponent):
    """A small menu beside a figure.

    Pictures are made in the browser, from what it shows: plots and words stay lines and letters in
    SVG, and in the PDF that the browser's print dialog saves, on a page as large as the figure.
    """

    figure = param.String(doc="CSS class of the element that is the figure.")
    formats = param.List(doc="What there is to take, in the order of the menu.")

    _esm = asset("download.js")

    @classmethod
    def of(
        cls,
        session: SessionState,
        figure: str,
        name: Callable[[], str],
        *,
        how: Callable[[], str],
        table: Callable[[], pd.DataFrame] | None = None,
        fits: Callable[[], bytes] | None = None,
    ) -> "Download":
        """Make the menu of a figure.

        Parameters
        ----------
        session : SessionState
            The files' names begin with its data set; it reports what goes wrong.
        figure : str
            CSS class of the element to be pictured.
        name : callable
            Returns what the files are called besides: galaxy and line of sight, or run; subject.
        how : callable
            Returns how it was made, as `how_made` writes it.
        table : callable, optional
            Returns the data in the figure, for CSV and FITS.
        fits : callable, optional
            Returns the content of a FITS file where it is more than the table.
        """
        menu = cls(figure=figure, css_classes=["gm-download"])
        menu._session, menu._name, menu.how = session, name, how
        menu.files = {}
        if table:
            menu.files["CSV"] = lambda: table().to_csv(index=False).encode()
            menu.files["FITS"] = lambda: table_as_fits(table(), {"DATASET": session.dataset})
        if fits:
            menu.files["FITS"] = fits
        menu.formats = [*PICTURES, *menu.files]
        return menu

    @classmethod
    def of_maps(cls, session: SessionState, figure: str) -> "Download":
        """Make the menu of the maps of the sample in view; arguments as of `of`."""

        def content() -> bytes:
            sample = (session.galaxy, session.los)
            return maps_as_fits(services.maps(session.data, *sample), session.data.row(*sample))

        return cls.of(
            session,
            figure,
            lambda: f"{session.galaxy}_{session.los}_maps",
            how=lambda: how_made.of_maps(session),
            fits=content,
        )

    def _handle_msg(self, data: str) -> None:
        """Send a file, what to call the picture that the browser makes, or how it was made."""
        with self._session.reporting():
            if data == HOW:
                self._send_msg({"format": HOW, "text": self.how()})
                return
            content = self.files[data]() if data in self.files else None
            self._send_msg({"format": data, "name": self.file_name(), "content": content})

    def file_name(self) -> str:
        """Return what the files are called, without their ending."""
        return f"{self._session.dataset}_{self._name()}".replace("/", "-").replace(" ", "-")


def flat(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Return rows of a table as columns of numbers or of words, which FITS takes in ASCII.

    Parameters
    ----------
    rows : sequence of dict
        Of what is nested, the columns are called ``outer_inner``; lists become words with spaces.
    """
    table = pd.json_normalize(list(rows), sep="_")
    return table.assign(**table.select_dtypes(exclude="number").map(_plain))


def _plain(value: object) -> str:
    """Write a value in ASCII; nothing where there is none."""
    if isinstance(value, list):
        value = " ".join(map(str, value))
    text = "" if value is None or value != value else str(value)  # NaN is not itself
    return text.translate(_LETTERS).encode("ascii", "replace").decode()
