"""Locate the files that ship with galmass."""

from pathlib import Path


def asset(name: str) -> Path:
    """Return the path of a shipped file, installed or in a checkout.

    Parameters
    ----------
    name : str
        Path below ``assets/``, such as ``ssp_bc03_miles_kroupa.csv``.

    Raises
    ------
    FileNotFoundError
        If no such file ships with galmass.
    """
    try:
        import galmass_assets

        folder = Path(galmass_assets.__file__).parent
    except ModuleNotFoundError:  # a checkout without installation
        folder = Path(__file__).resolve().parents[1] / "assets"
    path = folder / name
    if not path.exists():
        msg = f"no asset {name!r} in {folder}"
        raise FileNotFoundError(msg)
    return path
