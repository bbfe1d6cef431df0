"""Pack a run for a repository such as Zenodo or OSF: one archive that a stranger can read, check and cite.

It holds the run itself, the files that the run read, the methods section, a dictionary of all columns, and a hash of
every file. Packing the same run again gives the same bytes.
"""

import csv
import io
import sqlite3
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from sandbox.errors import ConfigError, DataError
from sandbox.files import replace_file
from sandbox.folders import make_folder
from sandbox.output.export import BATCH_COLUMNS, DECISION_COLUMNS, INTERVENTION_COLUMNS
from sandbox.output.methods import describe_run, read_bibtex
from sandbox.paths import POPULATIONS_DIR
from sandbox.runtime.assembly import resolve_world
from sandbox.runtime.beginning import LOG
from sandbox.runtime.inputs import InputFile, describe_changes
from sandbox.runtime.results import METRICS, TABLES
from sandbox.tables import read_table

if TYPE_CHECKING:
    from sandbox.runtime.run import Run

FOLDER = Path(__file__).parent
LEFT_OUT = ("decisions.lock", f"{LOG}-wal", f"{LOG}-shm")
"""Files of a run's folder that belong to processes; what the second holds, the log in the archive has."""
DERIVED = ("export",)
"""Folders that anybody can make again."""
SUMS, READ_ME, DICTIONARY = "SHA256SUMS", "README.md", "data_dictionary.csv"
METHODS, REFERENCES = "methods.md", "methods.bib"
WRITTEN = (SUMS, READ_ME, DICTIONARY, METHODS, REFERENCES)
"""Files that an archive gets beside those of the run."""
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every file in the archive: the earliest that a ZIP file can say."""
NO_LICENCE = (
    "None was stated; ask the authors before you reuse this. Texts by a model may resemble its training data, and the "
    "people of a population may be real."
)


def bundle_run(run: "Run", path: Path, licence: str = "") -> Path:
    """Write the archive of a finished run; return its path.

    Args:
        run: The run.
        path: A ZIP file, which must not exist.
        licence: Under which others may use it; empty: none is stated.

    Raises:
        ConfigError: The file exists or is no ZIP file.
        DataError: The run is not finished, or a file that it read is gone or has changed.
    """
    if path.suffix != ".zip" or path.exists():
        raise ConfigError(f"--to {path}: " + ("it exists; name another file" if path.exists() else "name a .zip file"))
    if run.manifest.status != "finished":
        raise DataError(f"{run.folder} is not finished; `python -m sandbox resume` continues it")
    if changes := describe_changes(run.manifest.inputs):
        raise DataError(f"{run.folder} cannot be bundled: {'; '.join(changes)}")
    contents: dict[str, bytes] = {}
    for name, content in _list_contents(run, path.stem, licence):
        if name in contents:
            raise DataError(f"two files would be {name} in the archive; rename what the run read, and run it again")
        contents[name] = content
    sums = "".join(f"{sha256(content).hexdigest()}  {name}\n" for name, content in sorted(contents.items()))
    contents[SUMS] = sums.encode()
    make_folder(path.parent, "--to")
    with replace_file(path) as draft, zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(contents.items()):
            archive.writestr(_zip_entry(f"{path.stem}/{name}"), content)
    return path


def _list_contents(run: "Run", title: str, licence: str) -> Iterator[tuple[str, bytes]]:
    """Yield the files of the archive by their names in it."""
    yield LOG, _read_log(run)
    for file in sorted(run.folder.rglob("*")):
        name = file.relative_to(run.folder)
        if file.is_file() and str(name) not in (LOG, *LEFT_OUT, *WRITTEN) and name.parts[0] not in DERIVED:
            yield name.as_posix(), file.read_bytes()
    carried = _list_inputs(run)
    for name, entry in carried.items():
        content, there = Path(entry["path"]).read_bytes(), run.folder / name
        if not (there.is_file() and there.read_bytes() == content):  # as in a run from an archive
            yield name, content
    yield METHODS, describe_run(run).encode()
    yield REFERENCES, read_bibtex().encode()
    yield DICTIONARY, _describe_columns(run).encode()
    yield READ_ME, _write_readme(run, title, carried, licence).encode()


def _read_log(run: "Run") -> bytes:
    """Return the log as one file, its write-ahead log included."""
    with TemporaryDirectory() as name:
        copy = Path(name) / LOG
        run.log().close()  # which checks it
        with closing(sqlite3.connect(run.folder / LOG)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
            target.execute("PRAGMA journal_mode=DELETE")
        return copy.read_bytes()


def _list_inputs(run: "Run") -> dict[str, InputFile]:
    """Return the files that the run read by their names in the archive, where a replay looks for them.

    What comes with the project is left out, and so are adapters, which no replay needs.
    """
    inputs: dict[str, InputFile] = {}
    for entry in run.manifest.inputs:
        path = Path(entry["path"])
        if path.is_file() and path.parent != POPULATIONS_DIR:
            if path.name in inputs and inputs[path.name]["sha256"] != entry["sha256"]:
                raise DataError(
                    f"two files that the run read are called {path.name}; rename one of them, and run again"
                )
            inputs[path.name] = entry
    return inputs


def _describe_columns(run: "Run") -> str:
    """Return the columns of all tables with their types, and what metrics are, as CSV."""
    kind, _ = resolve_world(run.manifest.segments[-1].config)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("table", "column", "type", "meaning"))
    log_columns: Mapping[str, Mapping[str, str]] = {
        "decision": DECISION_COLUMNS, "batch": BATCH_COLUMNS, "intervention": INTERVENTION_COLUMNS
    }  # fmt: skip
    for table, columns in log_columns.items():
        writer.writerows((f"{LOG}: {table}", name, type_name, "") for name, type_name in columns.items())
    files = [METRICS, *(f"{TABLES}/{file.stem}" for file in sorted((run.folder / TABLES).glob("*.parquet")))]
    for file in files:
        table = read_table(run.folder / file)
        if table is not None:
            meanings = kind.metric_labels if file == METRICS else {}
            writer.writerows((file, name, str(table[name].dtype), meanings.get(str(name), "")) for name in table)
    return text.getvalue()


def _write_readme(run: "Run", title: str, carried: Mapping[str, InputFile], licence: str) -> str:
    lines = [f"- `{name}` is what `{entry['setting']}` named." for name, entry in carried.items()]
    for entry in run.manifest.inputs:
        if (path := Path(entry["path"])).name not in carried:
            place = "comes with the project" if path.parent == POPULATIONS_DIR else "is not here"
            lines.append(f"- `{entry['given']}` ({entry['setting']}) {place}; its sha256 is {entry['sha256']}.")
    template = (FOLDER / "bundle.md").read_text(encoding="utf-8")
    return template.format(
        title=title,
        commit=run.manifest.commit or "unknown",
        inputs="Files that the run read:\n\n" + "\n".join(lines) + "\n" if lines else "",
        licence=licence or NO_LICENCE,
        sums=SUMS,
        dictionary=DICTIONARY,
    )


def _zip_entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry
