"""Figures 2 and 3 of the paper as diagrams: SVG in the colours of the page."""

from html import escape

_LINE = 20  # height of a line of text
_MAPS = (("r image", "300²"), ("g − r map", "300²"), ("V map", "48²"), ("σ map", "48²"))
_INK = "fill: var(--gm-text, #14181d); font: 15px var(--gm-font, sans-serif)"
_FAINT = "fill: var(--gm-quiet, #55606c); font: 14px var(--gm-font, sans-serif)"
_FRAME = "fill: var(--gm-surface, #ffffff); stroke: var(--gm-line, #d5dbe2)"
_LIT = "fill: var(--gm-surface, #ffffff); stroke: var(--gm-accent, #0f7469); stroke-width: 2"
_ARROW = "stroke: var(--gm-quiet, #55606c); stroke-width: 1.5; fill: none"


def workflow() -> str:
    """Draw how particles become predictions: networks on the left, boosted trees on the right."""
    left, middle, right = 20, 330, 640
    parts = [
        _box(250, 10, 400, ("Simulated galaxies", "particles, seen along three lines of sight")),
        _box(left, 120, 240, ("Four maps", "r, g − r, V and σ", "within 3 R_hsm")),
        _box(middle, 120, 240, ("The truth", "M*, M_tot, M_DM, f*, f_DM, M*/L", "inside R_hsm")),
        _box(
            right,
            120,
            240,
            ("Ten numbers", "M_r, g − r, SFR, n, c/a, σ_v,", "λ_R, B/T, f_cold, f_hot"),
        ),
        _box(
            left,
            250,
            240,
            ("Multibranch ResNet-18", "16,000 learned, 4,000 checked,", "8,110 tested"),
            lit=True,
        ),
        _box(
            right,
            250,
            240,
            ("Boosted trees (LightGBM)", "18,833 learned,", "9,277 tested"),
            lit=True,
        ),
        _box(left, 380, 240, ("Predicted masses, M*/L", "and f_DM = 1 − M*/M_tot")),
        _box(right, 380, 240, ("Predicted masses, f*, f_DM, M*/L", "and feature importances")),
        *(_arrow(450, 74, x, 116) for x in (140, 450, 760)),
        *(_arrow(x, 206, x, 246) for x in (140, 760)),
        *(_arrow(x, 336, x, 376) for x in (140, 760)),
        _arrow(330, 206, 264, 260),
        _arrow(570, 206, 636, 260),
    ]
    text = "Particles become maps, numbers and true masses; networks and trees learn from them"
    return _svg(900, 450, text, parts)


def network() -> str:
    """Draw the network: a branch for each map, joined by one layer."""
    parts = [
        _box(640, 140, 110, ("512 each", "joined")),
        _box(790, 140, 100, ("M*, M_tot", "or M*/L")),
    ]
    for row, (name, pixels) in enumerate(_MAPS):
        y, middle = 10 + 90 * row, 42 + 90 * row
        parts += [
            _box(10, y, 130, (name, pixels)),
            _box(
                200, y, 380, ("ResNet-18", "7 × 7 convolution · 8 residual blocks · mean"), lit=True
            ),
            _arrow(140, middle, 196, middle),
            _arrow(580, middle, 636, 172),
        ]
    parts += [_arrow(750, 172, 786, 172), _text(695, 226, "one linear layer", _FAINT)]
    return _svg(900, 360, "Each map has a branch of its own; one layer joins them", parts)


def _svg(width: int, height: int, text: str, parts: list[str]) -> str:
    """Put parts into a picture that is never so small that it cannot be read."""
    head = (
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        f'markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8" style="{_ARROW}"/></marker></defs>'
    )
    return (
        f'<div class="wide" tabindex="0"><svg class="diagram" viewBox="0 0 {width} {height}" '
        f'role="img" aria-label="{escape(text)}">{head}{"".join(parts)}</svg></div>'
    )


def _box(x: int, y: int, width: int, lines: tuple[str, ...], *, lit: bool = False) -> str:
    """Draw a box with lines of text, the first of them its name."""
    height = 24 + _LINE * len(lines)
    texts = [
        _text(x + width // 2, y + 27 + _LINE * number, line, _FAINT if number else _INK)
        for number, line in enumerate(lines)
    ]
    look = _LIT if lit else _FRAME
    frame = f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="8" style="{look}"/>'
    return frame + "".join(texts)


def _text(x: int, y: int, words: str, style: str) -> str:
    """Write words around a place."""
    return f'<text x="{x}" y="{y}" text-anchor="middle" style="{style}">{escape(words)}</text>'


def _arrow(x0: int, y0: int, x1: int, y1: int) -> str:
    """Draw an arrow."""
    return f'<path d="M{x0} {y0} {x1} {y1}" marker-end="url(#tip)" style="{_ARROW}"/>'
