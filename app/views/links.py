"""Addresses at which one page links to another."""

from galmass_app.address import link
from galmass_core.datasets.dataset import DataSet


def train_link(data: DataSet, experiment: str) -> str:
    """Return the address of the page on which an experiment is trained."""
    return link(page="train", dataset=data.path.name, experiment=experiment)
