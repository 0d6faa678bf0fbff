"""Our name for a model in the place of the vendor's, in bytes that are otherwise left alone."""

import json

from hypothesis import given
from hypothesis import strategies as st

from dragoman.wire.naming import Naming

_texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)


def test_the_name_changes_and_nothing_else():
    source = b'data: {"id":"1", "model" : "vendor-x","text":"\\"model\\":\\"vendor-x\\""}\n\n'

    named = Naming("vendor-x", "ours").put(source)

    assert named == source.replace(b'"model" : "vendor-x"', b'"model" : "ours"')


def test_the_name_of_another_model_stays():
    source = b'{"model":"vendor-x-2026"}'

    assert Naming("vendor-x", "ours").put(source) == source


def test_a_name_is_known_in_any_spelling():
    source = b'{"model":"vendor\\/\\u0078","text":"vendor/x"}'

    assert Naming("vendor/x", "ours").put(source) == b'{"model":"ours","text":"vendor/x"}'


def test_nothing_changes_where_the_names_are_the_same_or_unknown():
    source = b'{"model":"vendor-x"}'

    for naming in (Naming("vendor-x", "vendor-x"), Naming(None, "a"), Naming("vendor-x", None)):
        assert naming.put(source) is source


@given(vendors=_texts.filter(bool), ours=_texts.filter(bool), text=_texts, plain=st.booleans())
def test_what_is_said_is_never_touched(vendors: str, ours: str, text: str, *, plain: bool):
    said = {"model": vendors, "text": text}

    named = json.loads(Naming(vendors, ours).put(json.dumps(said, ensure_ascii=plain).encode()))

    assert named == {"model": ours, "text": text}
