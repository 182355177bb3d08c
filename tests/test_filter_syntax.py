import pytest

from galmass_core.datasets.filter_syntax import (
    DEEPEST,
    LANGUAGE,
    LONGEST,
    columns_of,
    parse_filter,
    quoted,
    split_columns,
)


@pytest.mark.parametrize(("example", "meaning"), LANGUAGE)
def test_every_example_is_in_the_language(example, meaning):
    assert parse_filter(example) is not None


def test_nothing_is_all():
    assert parse_filter("  ") is None


@pytest.mark.parametrize(
    ("expression", "columns"),
    [
        ("log_mstar > 11 and not is_central", {"log_mstar", "is_central"}),
        ("log10(n_stars) > abs(sigma_v - x)", {"n_stars", "sigma_v", "x"}),
        ("abs(abs) > 1", {"abs"}),
        ("`M[200c]` > log10(`distance, km`) and a == '`b`'", {"M[200c]", "distance, km", "a"}),
        ("`class` > 1 and `a``b` > 1", {"class", "a`b"}),
        ("", set()),
    ],
)
def test_columns_of_an_expression(expression, columns):
    assert columns_of(expression) == columns


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("log_mstar >", "must be a condition such as log_mstar > 11 .* got log_mstar >"),
        ("log_mstar = 3", "got log_mstar = 3; == compares"),
        ("(log_mstar > 3", r"got \(log_mstar > 3; '\(' was never closed"),
        ("(" * 300 + "1", "must be a condition"),
        ("a\0b", "must be a condition"),
        ("11 > 10", "must name a column"),
        ("True", "must name a column"),
        ("__import__('os').system('true')", "got __import__"),
        ("name.str.len() > 3", "got name.str.len"),
        ("eval(name)", r"got eval\(name\)"),
        ("abs(a, b) > 1", r"got abs\(a, b\)"),
        ("abs(*a) > 1", r"got \*a"),
        ("log10(a, base=2) > 1", "got log10"),
        ("name['a'] > 3", "got name"),
        ("[c for c in name]", r"got \[c for"),
        ("(lambda: name)() > 1", "got .lambda"),
        ("(x := name) == 'a'", "got .x := name"),
        ("f'{name}' == 'a'", "got f'"),
        ("a is True", "got a is True"),
        ("a > 1j", "got 1j"),
        ("a == b'c'", "got b'c'"),
        ("a == None", "got None"),
        ("a == ...", r"got \.\.\."),
        ("n % 2 == 0", "got n % 2"),
        ("n << 9 > 0", "got n << 9"),
        ("a @ b > 0", "got a @ b"),
        ("1 if a else b", "got 1 if a else b"),
        ("(a, 1) > 2", r"got \(a, 1\)"),
        ("'a' in name", "a list after in, such as .* got 'a' in name"),
        ("a in (1, b)", "got b"),
        ("a in (1, (2, 3))", r"got \(2, 3\)"),
        ("a > " + "9" * 400, "whole numbers of at most"),
        ("a > 0x" + "f" * 1900, "whole numbers of at most"),
        (f"a > 1 {' ' * LONGEST} or a < 0", f"at most {LONGEST} characters, got 20"),
        ("not " * (DEEPEST + 1) + "a", "less deeply nested, got not not"),
        ("not " * 490 + "a", "must be"),
        ("-" * 1990 + "a", "must be"),
        ("a" + "+a" * 900 + " > 1", "less deeply nested"),
        ("a>1" + " or a>1" * 280, "must be shorter"),
        ("a" + ".b" * 900, "less deeply nested"),
    ],
)
def test_what_the_language_has_not_is_refused(expression, message):
    with pytest.raises(ValueError, match=f"^filter .*{message}"):
        parse_filter(expression)


@pytest.mark.parametrize(
    "column",
    ["M[200c]", "log M200", "distance, km", "class", "1st", "a`b", "µ_0", "x/y", '"', "abs"],
)
def test_a_column_of_any_name_can_be_quoted(column):
    assert columns_of(f"{quoted(column)} > 1") == {column}
    assert split_columns(f"sigma_v, {quoted(column)},") == ["sigma_v", column]


def test_a_plain_word_needs_no_backticks():
    assert quoted("log_mstar") == "log_mstar"
