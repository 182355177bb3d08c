"""HTML from the templates in ``templates/``; whatever is filled in is escaped."""

import re
from secrets import token_hex

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

NONCE = token_hex(16)  # of our own scripts in a page; `security` draws another for each answer
_TEMPLATES = Environment(
    loader=PackageLoader("galmass_app"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,  # else each snippet looks up the time of its file
)


def with_nonce(scripts: str) -> Markup:
    """Mark scripts that Bokeh and Panel wrote for a page as our own."""
    return Markup(re.sub(r"<script\b", f'<script nonce="{NONCE}"', scripts))


_TEMPLATES.globals["nonce"] = NONCE
_TEMPLATES.filters["with_nonce"] = with_nonce


def template(name: str) -> Template:
    """Return one of the templates, such as ``page.html``."""
    return _TEMPLATES.get_template(name)


def snippet(template_name: str, macro_name: str, /, *args: object, **values: object) -> str:
    """Return what a macro of a template makes of some values.

    Parameters
    ----------
    template_name, macro_name : str
        File in ``templates/``, and one of its macros.
    *args, **values : object
        What it shows. Text is escaped, unless it is `markupsafe.Markup`.

    Returns
    -------
    str
        HTML; not `Markup`, whose `replace` escapes again what Panel escapes.

    Raises
    ------
    jinja2.UndefinedError
        If the template needs a value that is not given.
    """
    return str(getattr(template(template_name).module, macro_name)(*args, **values))
