"""Addresses at which one page links to another."""

from html import escape
from urllib.parse import quote

from galmass_core.datasets.dataset import DataSet


def train_link(data: DataSet, experiment: str) -> str:
    """Return the address of the page on which an experiment is trained."""
    return escape(f"?page=train&data={quote(data.path.name)}&experiment={quote(experiment)}")
