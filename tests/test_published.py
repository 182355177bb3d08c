import pytest

from galmass_core.paper.published import published_table, published_text
from galmass_core.quantities import QUANTITIES


def test_tables_have_the_papers_rows():
    assert len(published_table(4)) == 24
    assert len(published_table(5)) == 9
    assert len(published_text()) == 35


@pytest.mark.parametrize("number", [4, 5])
def test_every_published_target_is_a_column(number):
    assert set(published_table(number)["target"]) <= set(QUANTITIES)


def test_table_5_says_what_the_paper_says():
    sigma = published_table(5)["sigma_dex"].tolist()
    assert sigma == [0.05, 0.08, 0.13, 0.15, 0.08, 0.11, 0.08, 0.06, 0.06]


def test_statements_that_the_paper_contradicts_are_marked():
    marked = published_text().query("contradicted_by != ''")
    assert list(marked.index) == ["T05", "T06", "T07", "T15", "T16"]
    conflicts = published_text().query("kind == 'CONFLICT'")
    assert set(conflicts.index) <= set(marked.index)
