from pathlib import Path

import pytest

from training.pipeline.folders import (
    Folders,
    derived_files,
    fixed_files,
    join_units,
    per_bucket,
    per_file,
    per_portion,
    same_file,
    single_unit,
    table_named_after_unit,
    whole_stage,
    whole_table,
)

FILES = (
    "read/record/a.parquet",
    "read/record/b.parquet",
    "read/item/b.parquet",
    "read/done/a.json",
    "group/bucket=0of2/x.parquet",
    "group/bucket=1of2/x.parquet",
    "group/item=1of2/x.parquet",
    "split/a/all.parquet",
    "split/b/all.parquet",
    "portions/portion=0/a.parquet",
    "judge/object/a-portion=0.parquet",
    "judge/object/aa-portion=0.parquet",
)


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return Folders(tmp_path)


def test_a_unit_per_file_gets_its_inputs_by_name(folders: Folders) -> None:
    first, second = per_file(
        "read",
        "record",
        record=same_file("read", "record"),
        item=same_file("read", "item"),
        decided=table_named_after_unit("split"),
        made=derived_files("judge", "object"),
        split=whole_stage("split"),
    )(folders)
    root = folders.root
    assert (first.name, second.name) == ("a", "b")
    assert first.file("record") == root / "read/record/a.parquet"
    assert (first.inputs["item"], second.inputs["item"]) == ([], [root / "read/item/b.parquet"])
    assert first.inputs["decided"] == [root / "split/a/all.parquet"]
    assert first.inputs["made"] == [root / "judge/object/a-portion=0.parquet"]
    assert second.inputs["split"] == [root / "split/a/all.parquet", root / "split/b/all.parquet"]


def test_a_unit_per_bucket_is_named_after_it(folders: Folders) -> None:
    listing = per_bucket(
        "group",
        record=table_named_after_unit("group", "bucket="),
        item=table_named_after_unit("group", "item="),
        secret=fixed_files(Path("key")),
    )
    first, second = listing(folders)
    assert (first.name, second.name) == ("0of2", "1of2")
    assert first.inputs["item"] == []
    assert second.inputs["item"] == [folders.root / "group/item=1of2/x.parquet"]
    assert second.file("secret") == Path("key")


def test_listings_of_units_can_be_joined(folders: Folders) -> None:
    records = per_file("read", "record", "record-{}", record=same_file("read", "record"))
    units = join_units(single_unit(item=whole_table("read", "item")), records, per_portion("portions"))(folders)
    assert [unit.name for unit in units] == ["all", "record-a", "record-b", "a-portion=0"]
    assert [[*unit.inputs] for unit in units] == [["item"], ["record"], ["record"], ["portion"]]


def test_an_input_of_several_files_is_not_one_file(folders: Folders) -> None:
    (unit,) = single_unit(record=whole_table("read", "record"))(folders)
    with pytest.raises(ValueError, match="too many values"):
        unit.file("record")
