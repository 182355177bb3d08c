#!/usr/bin/env bash
# Bokeh: an error inside `Document.models.freeze()` leaves the document frozen for good.
#
# Guess: `freeze()` is a context manager, so an exception inside the block ends the freeze as the
#        end of the block does; models that are added afterwards belong to the document.
# Truth: the freeze counter is not decremented when the block raises. From then on the document
#        never looks for new models: a model added later is on the page's tree, yet
#        `model.document` is None, `get_model_by_id` does not find it, and its changes are not sent.
# Seen:  bokeh 3.9.2, Python 3.11: "without one: True Document", "after an error: True None".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q "bokeh==3.9.2"
"$folder/venv/bin/python" - <<'PY'
from bokeh.document import Document
from bokeh.models import Column, Div


def add_after_freeze(error: bool) -> tuple[bool, str | None]:
    """Add a model after a freeze; return whether the page holds it, and what it belongs to."""
    document, page = Document(), Column()
    document.add_root(page)
    try:
        with document.models.freeze():
            if error:
                raise ValueError("something else went wrong")
    except ValueError:
        pass
    late = Div(text="late")
    page.children = [late]
    return late in page.children, late.document and type(late.document).__name__


print("without one:", *add_after_freeze(error=False))
print("after an error:", *add_after_freeze(error=True))
assert add_after_freeze(error=False) == (True, "Document")
assert add_after_freeze(error=True) == (True, None), "upstream has changed"
PY
