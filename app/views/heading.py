"""What stands at the head of a page: its name, whether galaxies are synthetic, or no data yet."""

from galmass_app import services
from galmass_core.datasets.dataset import DataSet

SYNTHETIC = '<span class="synthetic">synthetic</span>'
NO_DATA = """<h2>There is no data set yet</h2>
<p>Make one from the files of simulated galaxies (TNG cutouts, EAGLE, COLIBRE), and serve it:</p>
<pre>galmass build GALAXY.hdf5 --out mygalaxies
galmass serve mygalaxies</pre>"""


def badge(data: DataSet | None) -> str:
    """Write that a data set is synthetic, if it is."""
    return SYNTHETIC if data and services.is_synthetic(data) else ""


def heading(title: str, description: str, data: DataSet | None) -> str:
    """Write a heading as HTML.

    Parameters
    ----------
    title, said : str
        Name of the page, and what it shows; HTML.
    data : DataSet or None
        A badge says if it is synthetic.

    Returns
    -------
    str
    """
    return f'<div class="line"><h1>{title}</h1>{badge(data)}<p>{description}</p></div>'
