"""The galaxy in view from any direction, and how fast the stars of one pixel move.

That needs its particles, which a data set does not hold: where their file is gone, it says so.
"""

import numpy as np
import pandas as pd

from galmass_app.framework import IsolatedLayout, batched_update
from galmass_app.markup import snippet
from galmass_app.particles import (
    Look,
    Particles,
    axes_along,
    dragged,
    edge_on,
    face_on,
    look_from,
    read_particles,
    stars_in_pixel,
    why_no_particles,
)
from galmass_app.plots.scale import scale_of
from galmass_app.plots.stars import StarBall, VelocityBars
from galmass_app.state import SessionState
from galmass_app.views.four_maps import LaterMaps, ShownMaps
from galmass_app.views.layout import button, column, html, row
from galmass_app.views.worker_poller import WorkerView
from galmass_app.workers import SLOW, Job
from galmass_core.quantities import MAPS, map_keys, with_minus

_HINT = (
    "Drag the stars to turn the galaxy; its maps follow when they are let go. Tap a pixel of a map "
    "to see how fast its stars move."
)
_NOT_HERE = "Other lines of sight than x, y and z need its particles: {}."
_FAILED = "The particles could not be read; the status line says why."
_MOTION = "V"  # the map whose pixels are tapped
_REACH = 4.0  # standard deviations of the velocities of the galaxy that the axis shows


class Turn(WorkerView):
    """A ball of stars to drag, buttons, the maps from there, and velocities in a pixel."""

    follows = ("dataset", "galaxy", "los", "theme", "least_stars")

    def __init__(self, session: SessionState) -> None:
        super().__init__(session, SLOW, _FAILED)
        self.table = pd.DataFrame()
        self.axes, self.look = np.eye(3), None
        self._galaxy, self._held = None, axes_along("z")
        self._particles: Particles | None = None
        self._ball, self._bars = StarBall(self._turned), VelocityBars()
        self._maps = LaterMaps(self.tap)
        self._text, self._facts = html("gm-turn-text", wide=False), html("gm-turn-facts")
        self._buttons = [
            button("gm-edge-on", "Edge-on", lambda _: self._go(edge_on)),
            button("gm-face-on", "Face-on", lambda _: self._go(face_on)),
            button("gm-back", "As above", lambda _: self._look(axes_along(session.los))),
        ]
        self._pixel = html("gm-section gm-pixel-text", wide=False)
        self._bars_place = column("gm-pixel-bars", IsolatedLayout(self._bars.figure), wide=False)
        self._there = column(
            "gm-turn-there",
            row("gm-turn-row", IsolatedLayout(self._ball.figure, "gm-ball-place"), self._facts),
            self._maps,
            self._pixel,
            self._bars_place,
            visible=False,
        )
        self._layout = column("gm-turn", row("gm-group", *self._buttons), self._text, self._there)
        self.draw()

    def draw(self) -> None:
        """Show the galaxy in view along its line of sight, or why it cannot be turned."""
        session = self.session
        sample = session.data, session.galaxy, session.los
        if self.look and sample == self._galaxy:
            self._draw_maps(self.look)  # only how it is drawn has changed
            return
        self._galaxy, self.look, self._particles = sample, None, None
        reason = why_no_particles(session.data, session.galaxy)
        for each in self._buttons:
            each.disabled = bool(reason)
        self._there.visible = False
        if reason:
            self._slot.cancel()
            words = _NOT_HERE.format(reason)
            self._text.object = snippet("shared.html", "notes", [words])
            return
        self._say("reading its particles…")
        self._look(axes_along(session.los))

    def _show(self, made: tuple[Particles, Look]) -> None:
        """Show what the worker has read and rendered."""
        particles, look = made
        if particles is not self._particles:
            self._particles = particles
            galaxy = particles.galaxy
            self._ball.hold(galaxy.stars.positions / galaxy.half_mass_radius)
            self._ball.show(self.axes)
        self._draw_maps(look)
        self._text.object = snippet("shared.html", "notes", [_HINT])

    def _look(self, axes: np.ndarray) -> None:
        """Have a worker render the galaxy from a direction."""
        self.axes = self._held = axes
        if self._particles:
            self._ball.show(axes)
        data, galaxy, _ = self._galaxy

        def work(job: Job) -> tuple[Particles, Look]:
            particles = read_particles(data, galaxy)
            job.check()
            return particles, look_from(particles, axes)

        self._submit(work)

    def _go(self, view: object) -> None:
        """Turn to a view that the spin of the galaxy defines."""
        if self._particles and self._particles.axis.any():
            self._look(view(self.axes, self._particles.axis))

    def _turned(self, right: float, up: float, released: bool) -> None:
        """Follow the pointer; render once it is released."""
        axes = dragged(self._held, right, up)
        if released:
            self._look(axes)
        elif self._particles:
            self.axes = axes
            self._ball.show(axes)

    def _draw_maps(self, look: Look) -> None:
        """Show maps, and the stars of the pixel in the middle."""
        self.look, session = look, self.session
        scales = {key: scale_of(look.maps, key) for key in map_keys()}
        shown = ShownMaps(look.maps, scales, None, session.theme, session.least_stars)
        with batched_update():
            self._maps.draw(shown)
        facts = [f"λ_R {look.spin:.2f} inside 2 R_hsm"] * bool(np.isfinite(look.spin))
        if np.isfinite(look.inclination):
            facts.insert(0, f"inclination {look.inclination:.0f}°")
        self._facts.object = snippet("shared.html", "notes", facts)
        self._there.visible = True
        self.tap(_MOTION, 0.0, 0.0)

    def tap(self, _key: str, x: float, y: float) -> None:
        """Show the velocities of the stars in the pixel of the maps of motion at a place [kpc]."""
        look = self.look
        if look is None or x is None or y is None or max(abs(x), abs(y)) >= look.maps.half_width:
            return
        stars = stars_in_pixel(look, x, y, MAPS[_MOTION].pixels)
        velocities = look.sky.velocities[stars]
        self.table = pd.DataFrame(
            {"velocity": velocities, "light_r": look.sky.luminosities[1][stars]}
        )
        reach = _REACH * float(np.std(look.sky.velocities)) or 1.0
        self._bars.show(velocities, reach)
        self._bars_place.visible = len(stars) > 0
        words = f"The pixel at {x:+.1f}, {y:+.1f} kpc: {len(stars):,} stars"
        if len(stars) > 1:
            words += f", mean {velocities.mean():.0f}, scatter {velocities.std(ddof=1):.0f} km/s"
        self._pixel.object = snippet("shared.html", "section", with_minus(words))
