"""Values that Hydra's grammar cannot read reach the program as they were typed."""

from pathlib import Path
from pwd import getpwuid

import pytest

from sandbox.cli.main import build_parser
from sandbox.composition import compose, split_sweeps
from sandbox.errors import DataError
from sandbox.folders import make_folder
from sandbox.quoting import drop_replaced, expand_home, quote, quote_values, read_value

PATHS = ["räksmörgås", "日本/東京", "runs (2)", "a=b", "it's", "with space/x", "c:\\dir\\", "mail@home", "50%"]


@pytest.mark.parametrize("path", [*PATHS, "~/runs"])
def test_any_path_can_be_a_setting(path: str) -> None:
    expected = path.replace("~", str(Path.home()))
    assert compose([f"run_dir={path}"])["run_dir"] == expected
    assert compose([f"run_dir={quote(path)}"])["run_dir"] == expected


@pytest.mark.parametrize("path", PATHS)
def test_a_quoted_path_means_the_path(path: str) -> None:
    assert read_value(quote(path)) == path


def test_words_of_a_list_are_quoted_one_by_one() -> None:
    (override,) = quote_values(["paths=[~/a.csv, ö b.csv]"])
    assert expand_home(read_value(override.removeprefix("paths="))) == [f"{Path.home()}/a.csv", "ö b.csv"]


def test_the_home_of_another_user_is_the_same_place_everywhere() -> None:
    user = getpwuid(0)
    assert compose([f"run_dir=~{user.pw_name}/runs"])["run_dir"] == f"{user.pw_dir}/runs"
    assert compose(["run_dir=~no such user/runs"])["run_dir"] == "~no such user/runs"
    assert build_parser().parse_args(["show", f"~{user.pw_name}/runs"]).run == Path(user.pw_dir) / "runs"
    assert build_parser().parse_args(["show", "~no such user/runs"]).run == Path("~no such user/runs")


def test_readable_overrides_stay_as_they_are() -> None:
    overrides = ["minds=[base,humanllm]", "seeds=[0,1]", "world.rent=2,5", "+x={a: 1}", "~world.tax", "steps=3"]
    assert quote_values(overrides) == overrides


def test_a_path_in_another_alphabet_is_no_sweep() -> None:
    fixed, sweeps = split_sweeps(["run_dir=räk", "world.first=1,2"])
    assert fixed == ["run_dir='räk'"]
    assert sweeps == {"world.first": ["1", "2"]}


@pytest.mark.parametrize("name", ["file", "file/x", "a" * 300, "a\0b"])
def test_a_folder_that_cannot_be_is_an_error(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(DataError, match=r"cannot create the folder .*; name another run_dir"):
        make_folder(tmp_path / name, "run_dir")


def test_of_several_values_of_a_setting_the_last_one_stays() -> None:
    overrides = ["experiment=arms", "reactions=60", "+world.x=1", "reactions=0", "world.x=2"]
    assert drop_replaced(overrides) == ["experiment=arms", "reactions=0", "+world.x=1", "world.x=2"]
