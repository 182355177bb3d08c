"""What stands at the head of a page: its name, whether galaxies are synthetic, or no data yet."""

from galmass_app import services
from galmass_app.markup import snippet
from galmass_core.datasets.dataset import DataSet

NO_DATA = snippet("shared.html", "no_data")


def heading(title: str, description: str, data: DataSet | None) -> str:
    """Write a heading as HTML.

    Parameters
    ----------
    title, description : str
        Name of the page, and what it shows.
    data : DataSet or None
        A badge says if it is synthetic.

    Returns
    -------
    str
    """
    made_up = bool(data and services.is_synthetic(data))
    return snippet("shared.html", "heading", title, description, made_up)
