from threading import current_thread

import pytest

from training.pipeline.concurrency import map_concurrently, prefetch


@pytest.mark.parametrize("number", [1, 4])
def test_prefetched_pieces_come_in_order_from_another_thread(number: int) -> None:
    pieces = list(prefetch(((index, current_thread()) for index in range(10)), number))
    assert [index for index, _ in pieces] == [*range(10)]
    assert current_thread() not in {thread for _, thread in pieces}


def test_mapped_pieces_come_in_order() -> None:
    assert list(map_concurrently(str, range(100))) == [str(number) for number in range(100)]


def test_an_error_is_raised_when_its_piece_is_used() -> None:
    for pieces in (prefetch(map(int, ["1", "2", "x"])), map_concurrently(int, ["1", "2", "x"])):
        assert [next(pieces), next(pieces)] == [1, 2]
        with pytest.raises(ValueError, match="invalid literal"):
            next(pieces)
