import pytest

from galmass_core.storage.schema import (
    MEASURED,
    NAME,
    TEXT,
    TIME,
    fields,
    integer,
    list_of,
    nullable,
    number,
    object_of,
    one_of,
    read_json,
)

RULE = fields(
    {"name": NAME, "sizes": list_of(integer(1), least=1)},
    {"ended": nullable(TIME), "scores": object_of(MEASURED), "rate": number(0, 1)},
)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("[]", "must be a JSON object, got []"),
        ('{"sizes": [1]}', "name must be the name of a folder, got nothing"),
        ('{"name": "../x", "sizes": [1]}', "name must be the name of a folder, got '../x'"),
        ('{"name": "a/b", "sizes": [1]}', "name must be the name of a folder, got 'a/b'"),
        ('{"name": "a", "sizes": []}', "sizes must be a list of at least 1, got []"),
        ('{"name": "a", "sizes": [1, 2.5]}', "sizes.1 must be an integer from 1, got 2.5"),
        ('{"name": "a", "sizes": [true]}', "sizes.0 must be an integer from 1, got True"),
        ('{"name": "a", "sizes": [1], "rate": NaN}', "rate must be a finite number from 0 to 1"),
        ('{"name": "a", "sizes": [1], "ended": "now"}', "ended must be a time (ISO 8601) or null"),
        ('{"name": "a", "sizes": [1], "scores": {"b": "c"}}', "scores.b must be a number, got 'c'"),
        ("{", "must be JSON, but it is not"),
    ],
)
def test_a_wrong_field_is_named_with_its_rule(tmp_path, content, sentence):
    path = tmp_path / "a.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=r"a\.json: ") as error:
        read_json(path, RULE)
    assert str(error.value).startswith(f"{path}: {sentence}")


def test_what_may_be_missing_or_unknown_is_read(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('{"name": "a", "sizes": [1], "ended": null, "scores": {"b": NaN}, "x": 1}')
    assert read_json(path, RULE)["x"] == 1


def test_long_values_are_cut():
    (fault,) = one_of("a").faults("b" * 999)
    assert fault == ("", "one of a", "b" * 999)
    assert not list(TEXT.faults("b"))
