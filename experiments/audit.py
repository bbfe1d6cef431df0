"""`python -m sandbox audit`: how far do outcomes move when something changes that should not matter?

Every variant in `conf/audit.yaml` is a run in its own folder, next to `plain`, with which it is compared seed by seed.
Each run is its own process, so an interrupted audit continues with the first run that is not finished.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field

from experiments.audit_folder import PLAIN, begin_audit, earlier_overrides, variant_folder
from experiments.child_runs import run_child
from experiments.comparison import default_experiment
from experiments.contrasts import outcome_family
from experiments.families import ADDED, adjust_by_family, question_minds
from experiments.frames import columns, to_records
from experiments.outcomes import Outcome, list_outcomes
from experiments.reports.charts import draw_sensitivities
from experiments.reports.page import inline_image, write_pages
from experiments.statistics import describe_intervals, detectable_difference, paired_contrast
from sandbox.composition import to_plain
from sandbox.errors import DataError, SandboxError
from sandbox.output.provenance import describe_origin
from sandbox.paths import CONF_DIR, dated_run_dir
from sandbox.runtime.assembly import check_first_seed, resolve_world
from sandbox.runtime.config import Arm, RunConfig, load_run_config
from sandbox.runtime.manifest import FILE, Manifest, check_begun_runs
from sandbox.runtime.run import Run
from sandbox.settings import Settings, validate
from sandbox.tables import write_table

PAGES = ("audit.html", "audit.md")
COLUMNS = (
    "outcome", "mind", "treatment", "variant", "factor", "family", "family_size", "difference", "low", "high", "sd",
    "p", "p_holm", "detectable", "main_effect", "sensitivity", "num_seeds",
)  # fmt: skip
"""`difference`: variant minus plain; `main_effect`: last mind minus first mind, plain and under the same treatment;
`sensitivity`: size of the difference as a share of the main effect, or of the detectable effect if that is larger. A
family (`experiments.families`) holds the primary or the other outcomes under all variants of one factor."""
TIMES = "*"
"""Before a number by which a setting is multiplied, whatever its value is."""


class Variant(Settings):
    """One change that should not matter."""

    factor: str
    """What is changed, such as the order of options; several variants may change the same factor."""
    overrides: list[str] = Field(min_length=1)
    """In Hydra's syntax; `population.size=*2` is twice the size of the plain runs."""


class Audit(Settings):
    """`conf/audit.yaml`."""

    plain: list[str]
    variants: dict[str, Variant]


def load_audit() -> Audit:
    """Read `conf/audit.yaml`."""
    from omegaconf import OmegaConf

    return validate(Audit, to_plain(OmegaConf.load(CONF_DIR / "audit.yaml")), "audit")


def run_all(overrides: Sequence[str], folder: Path | None, notify: Callable[[str], None]) -> Path:
    """Run everything that is not finished; return the folder of the runs.

    If no outcome is declared, all metrics are outcomes.

    Raises:
        ConfigError: An override is wrong, or comes with the folder of another audit; nothing was run.
        DataError: The folder holds no audit, and there are no settings for one. A run failed; its own message is above.
            Or a file that earlier runs were run with has changed.
    """
    audit, new = load_audit(), list[str]()
    if overrides or folder is None:
        new = [*default_experiment(overrides), "reactions=0", *audit.plain, *overrides]
        new = _declare_outcomes(new, notify)
    common = earlier_overrides(folder, new) or new
    config, folder = load_run_config(common), folder or dated_run_dir("audit")
    kind, _ = resolve_world(config)
    list_outcomes(config, kind)
    runs = {PLAIN: common, **_choose_variants(audit, common, config, notify)}
    runs = {name: own for name, own in runs.items() if _can_start(name, own, variant_folder(folder, name), notify)}
    for line in _describe_power(audit, config):
        notify(line)
    begin_audit(folder, common)
    check_begun_runs([variant_folder(folder, name) for name in runs])
    for number, (name, run_overrides) in enumerate(runs.items(), 1):
        notify(f"{name} ({number} of {len(runs)})")
        again = f"python -m sandbox audit --run {folder}"
        run_child(variant_folder(folder, name), run_overrides, again)
    return folder


def _choose_variants(
    audit: Audit, common: Sequence[str], config: RunConfig, notify: Callable[[str], None]
) -> dict[str, list[str]]:
    """Return the overrides of every variant that the plain runs can have; say why others are left out."""
    kind, _ = resolve_world(config)
    variants: dict[str, list[str]] = {}
    for name, variant in audit.variants.items():
        changed = variant_overrides(name, variant, config, notify)
        if not changed:
            continue
        if replaced := _settings_of_replaced(changed, common):
            notify(f"{name} is left out: {replaced[0]} was set for the plain runs and has no meaning there")
        elif load_run_config([*common, *changed]).presentation.wording > len(kind.paraphrases):
            notify(f"{name} is left out: the world {kind.name} has {len(kind.paraphrases)} paraphrases of its prompts")
        else:
            variants[name] = [*common, *changed]
    return variants


def _can_start(name: str, overrides: Sequence[str], folder: Path, notify: Callable[[str], None]) -> bool:
    """Whether a run can begin, or has; say why a variant cannot, before hours are spent on those before it."""
    try:
        if not (folder / FILE).is_file():
            check_first_seed(load_run_config(overrides))
    except SandboxError as error:
        if name == PLAIN:
            raise
        notify(f"{name} is left out: {error}")
        return False
    return True


def _describe_power(audit: Audit, config: RunConfig) -> list[str]:
    """Say what the audit will be able to find, before it starts; how much outcomes vary is not known yet."""
    arms, number = config.arms(), len(config.seeds)
    if number < 2:
        return ["an audit of one seed tests nothing; use several seeds=[...]"]
    minds = question_minds([arm.mind for arm in arms])
    variants = max(Counter(variant.factor for variant in audit.variants.values()).values())
    num_primary = len(config.primary_outcomes())
    families = {"primary": num_primary, "other": len(config.outcomes) - num_primary}
    return [
        f"with 80 % power, {number} seeds find moves of the {name} outcomes of "
        f"{detectable_difference(1.0, number, size, 10_000):.2g} standard deviations of the differences within seeds"
        for name, num_outcomes in families.items()
        if (size := num_outcomes * variants * sum(arm.mind in minds for arm in arms))
    ]


def _settings_of_replaced(changed: Sequence[str], common: Sequence[str]) -> list[str]:
    """Return the plain runs' settings of a component, such as the graph, that a variant replaces by another one."""
    names = (override.partition("=")[0] for override in changed)
    components = tuple(f"{name}." for name in names if "." not in name)
    return [override for override in common if override.startswith(components)]


def variant_overrides(name: str, variant: Variant, config: RunConfig, notify: Callable[[str], None]) -> list[str]:
    """Return a variant's overrides for this plain configuration, without settings that it does not have."""
    parts = [override.partition("=") for override in variant.overrides]
    values = {setting: value for setting, _, value in parts if _setting_value(config, setting) is not None}
    if missing := [setting for setting, _, _ in parts if setting not in values]:
        consequence = f"runs without {', '.join(missing)}" if values else "is left out"
        notify(f"{name} {consequence}: there is no {missing[0]} here")
    return [f"{setting}={_multiply(_setting_value(config, setting), value)}" for setting, value in values.items()]


def _multiply(current: Any, value: str) -> str:
    """Return the value of an override, multiplying the current value of the setting if it begins with `TIMES`."""
    if not value.startswith(TIMES):
        return value
    product = float(value.removeprefix(TIMES)) * current
    return str(round(product) if isinstance(current, int) else round(product, 6))


def _setting_value(config: RunConfig, path: str) -> Any:
    """Return the value of a setting; None if there is none. A network from a file has its own number of people."""
    node: Any = {} if path == "population.size" and "path" in config.graph else config.model_dump()
    for name in path.split("."):
        node = node.get(name) if isinstance(node, dict) else None
    return node


def _declare_outcomes(overrides: list[str], notify: Callable[[str], None]) -> list[str]:
    """Return the overrides, with all metrics as outcomes if they declare none."""
    config = load_run_config(overrides)
    if config.outcomes:
        return overrides
    kind, _ = resolve_world(config)
    notify(f"no outcomes are declared, so all metrics are analysed: {', '.join(kind.metric_labels)}")
    names = ",".join(kind.metric_labels)
    return [*overrides, f"outcomes=[{names}]", f"primary=[{names}]"]


def sensitivity_table(folder: Path) -> pd.DataFrame:
    """Return how far every variant moves every declared outcome of every mind, worst first; see `COLUMNS`."""
    audit = load_audit()
    config = Manifest.read(folder / PLAIN).segments[-1].config
    kind, _ = resolve_world(config)
    declared = [outcome for outcome in list_outcomes(config, kind) if outcome.is_declared]
    plain = _read_metrics(folder / PLAIN)
    rows: list[dict[str, Any]] = []
    for name, variant in audit.variants.items():
        if (path := variant_folder(folder, name)).is_dir():
            changed = _read_metrics(path)
            rows += [
                {"variant": name, "factor": variant.factor, **row}
                for outcome in declared
                for row in arm_sensitivities(outcome, config.arms(), plain, changed)
            ]
    return adjust_by_factor(rows)


def adjust_by_factor(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Return the rows as a table, with the columns that follow from the families of each factor, worst first."""
    table = pd.DataFrame(list(rows), columns=[name for name in COLUMNS if name not in ADDED])
    parts = [adjust_by_family(part) for _, part in table.groupby("factor", sort=False)]
    adjusted = pd.concat(parts, ignore_index=True) if parts else adjust_by_family(table)
    adjusted = adjusted.sort_values("sensitivity", ascending=False, ignore_index=True, kind="stable")
    return columns(adjusted, COLUMNS)


def write(folder: Path) -> list[Path]:
    """Write table, picture and page, also as Markdown; the page comes first."""
    table = sensitivity_table(folder)
    write_table(table, folder / "sensitivities")
    manifest = Manifest.read(folder / PLAIN)
    config = manifest.segments[-1].config
    kind, _ = resolve_world(config)
    labels = {outcome.name: outcome.label for outcome in list_outcomes(config, kind)}
    pictures = draw_sensitivities(table, labels, folder, describe_origin(manifest))
    paths = write_pages(
        folder,
        PAGES,
        world=kind.name,
        config=config,
        manifest=manifest,
        labels=labels,
        worst=_largest_moves(table),
        rows=to_records(table),
        picture=inline_image(next(path for path in pictures if path.suffix == ".png")),
        intervals=describe_intervals(len(config.seeds)),
    )
    return [*paths, folder / "sensitivities.csv", *pictures]


def _largest_moves(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the largest move of every mind by every factor, under any treatment, worst first."""
    return to_records(table.dropna(subset=["sensitivity"]).drop_duplicates(["mind", "factor"]))


def arm_sensitivities(
    outcome: Outcome, arms: Sequence[Arm], plain: pd.DataFrame, changed: pd.DataFrame
) -> list[dict[str, Any]]:
    """Return how far every arm moves, as rows of `COLUMNS` without what needs other rows.

    Args:
        outcome: What is compared.
        arms: All arms; the main effect is that between the first and last mind under the same treatment.
        plain: Metrics of the plain run.
        changed: Metrics of the variant.
    """
    before, after = outcome.values(plain), outcome.values(changed)
    own_minds = question_minds([arm.mind for arm in arms])
    rows: list[dict[str, Any]] = []
    for arm in arms:
        same_treatment = [candidate.name for candidate in arms if candidate.treatment == arm.treatment]
        main = paired_contrast(before.get(same_treatment[-1], {}), before.get(same_treatment[0], {}))
        scale = np.nanmax([abs(main.difference), main.detectable(), 0.0])
        move = paired_contrast(after.get(arm.name, {}), before.get(arm.name, {}))
        rows.append(
            {
                **{"outcome": outcome.name, "mind": arm.mind, "treatment": arm.treatment},
                "family": outcome_family(outcome, move, arm.mind in own_minds),
                **move._asdict(),
                "main_effect": main.difference,
                "sensitivity": abs(move.difference) / scale if scale > 0 else math.nan,
            }
        )
    return rows


def _read_metrics(folder: Path) -> pd.DataFrame:
    run = Run(folder)
    if run.manifest.status != "finished":
        raise DataError(f"{folder} has no results yet; continue with `python -m sandbox audit --run {folder.parent}`")
    return run.results().metrics
