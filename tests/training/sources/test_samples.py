import pytest

from training.sources.samples import hide_values, show_shape


@pytest.mark.parametrize(
    ("line", "shape"),
    [
        ('{"id": "x7", "text": "Hi Tom"}', '{"id": "a9", "text": "Aa Aaa"}'),
        ("{'created_utc': 'soon', 'Tom B.': 1}", "{'created_utc': 'aaaa', 'Aaa A.': 9}"),
        ("tom@example.org,5,+44 20 7946 0958", "aaa@aaaaaaa.aaa,9,+99 99 9999 9999"),
        ("Żółć ١٢", "Aaaa 99"),
    ],
)
def test_only_names_of_fields_can_be_read(line: str, shape: str) -> None:
    assert show_shape(line) == shape


def test_a_sample_is_short() -> None:
    assert len(show_shape("x" * 1000)) == 200


@pytest.mark.parametrize(
    ("reason", "hidden"),
    [
        ("kind is 'upvote', not one of post, comment", "kind is 'upvote', not one of post, comment"),
        ("no column 'user_name'", "no column 'user_name'"),
        ("time 'call 555-0199' is no date", "time 'aaaa 999-9999' is no date"),
        ("kind is 'Tom Baker'", "kind is 'Aaa Aaaaa'"),
        ("number 4155550199 is too large", "number 9999999999 is too large"),
        ("stars 7 is outside 1 to 5", "stars 7 is outside 1 to 5"),
    ],
)
def test_a_reason_keeps_words_and_hides_values(reason: str, hidden: str) -> None:
    assert hide_values(reason) == hidden
