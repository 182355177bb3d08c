"""Every page of the dashboard as pictures, in light and dark, wide and on a phone.

Run ``python tests/benchmarks/tour.py DATA OUT`` and look at each of them: two minutes.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from served import chromium_browser, served

from galmass_app.page import PAGES

WIDTHS = {"wide": 1400, "phone": 390}
SETTLED = 6000  # ms for the last plots of a page


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    with served(args.data.resolve(), args.out) as server, chromium_browser() as browser:
        for theme in ("dark", "light"):
            for name, width in WIDTHS.items():
                context = browser.new_context(
                    viewport={"width": width, "height": 900}, color_scheme=theme
                )
                for key in PAGES:
                    picture = args.out / f"{key}-{theme}-{name}.png"
                    take(context, f"{server}?page={key}", picture)
                context.close()


def take(context, address, picture):
    """Open a page, wait until it is at rest, and take its picture."""
    page = context.new_page()
    page.goto(address)
    page.locator("b.ready").wait_for(timeout=60_000)
    page.wait_for_timeout(SETTLED)
    page.screenshot(path=picture, full_page=True)
    print(picture)
    page.close()


if __name__ == "__main__":
    main()
