"""Tags and notes that people give a run, in ``labels.json`` of its folder."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from galmass_core.storage.atomic import write_json
from galmass_core.storage.schema import fields, list_of, read_json, text_like, wrong_fields
from galmass_core.training.run_files import LABELS
from galmass_core.training.runs import Run, is_shipped

LONGEST_TAG, LONGEST_NOTE = 40, 4000  # letters
_TAG = text_like(
    rf"[^\x00-\x1f\x7f-\x9f,]{{1,{LONGEST_TAG}}}",
    f"1 to {LONGEST_TAG} letters without comma or control characters",
)
_NOTES = text_like(
    rf"[^\x00-\x09\x0b-\x1f\x7f-\x9f]{{0,{LONGEST_NOTE}}}",
    f"up to {LONGEST_NOTE} letters without control characters",
)
LABELS_RULE = fields({"tags": list_of(_TAG), "notes": _NOTES})


@dataclass(frozen=True)
class Labels:
    """What people wrote on a run: plain text, never HTML."""

    tags: tuple[str, ...] = ()
    notes: str = ""


def read_labels(folder: Path) -> Labels:
    """Read the tags and notes of a run's folder; none if it has no such file.

    Raises
    ------
    ValueError
        If the file is damaged.
    """
    try:
        content = read_json(folder / LABELS, LABELS_RULE)
    except FileNotFoundError:
        return Labels()
    return Labels(tuple(content["tags"]), content["notes"])


def labels_of(runs: Iterable[Run]) -> tuple[list[Labels], list[str]]:
    """Return the tags and notes of each run, none where damaged, and a sentence for each damage."""
    found, damaged = [], []
    for run in runs:
        try:
            found.append(read_labels(run.path))
        except ValueError as error:
            found.append(Labels())
            damaged.append(str(error))
    return found, damaged


def write_labels(run: Run, tags: Iterable[str], notes: str) -> Labels:
    """Write the tags and notes of a run in place of those before.

    Parameters
    ----------
    run : Run
    tags : iterable of str
        Each once; spaces around them are dropped, and so are empty ones.
    notes : str

    Returns
    -------
    Labels
        As written.

    Raises
    ------
    ValueError
        If the run ships with galmass, or a tag or the notes break the file's rules.
    """
    if is_shipped(run):
        msg = f"run {run.name} must be one of your own to have tags or notes; it ships with galmass"
        raise ValueError(msg)
    known = tuple(dict.fromkeys(filter(None, (tag.strip() for tag in tags))))
    labels = Labels(known, notes.replace("\r\n", "\n").strip())
    content = {"tags": list(labels.tags), "notes": labels.notes}
    for wrong in wrong_fields(run.path / LABELS, content, LABELS_RULE):
        raise ValueError(wrong)
    write_json(run.path / LABELS, content)
    return labels
