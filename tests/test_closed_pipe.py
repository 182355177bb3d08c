"""A reader of standard output that ends early, such as ``head``, is no fault to report."""

import os
import sys

from galmass_core.cli import main


def test_nothing_is_reported_where_the_reader_ended(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("GALMASS_HOME", str(tmp_path))
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w", buffering=1, encoding="utf-8") as closed:
        monkeypatch.setattr(sys, "stdout", closed)
        assert main(["runs", "--json"]) == 141
    assert capfd.readouterr().err == ""
