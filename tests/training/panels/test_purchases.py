"""Purchases are asked as the marketplace asks, without what the data do not say."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pytest

from sandbox.core.answer import Answer
from sandbox.core.form import Choose
from sandbox.core.question import check_answer
from sandbox.errors import DataError
from sandbox.prompting.render import render
from training.panels.cars import COLUMNS as CAR_COLUMNS
from training.panels.cars import Cars
from training.panels.households import GOODS, Households
from training.panels.panel import PanelDecision
from training.panels.purchases import Purchases
from training.sources.source import Rejects

DATA = Path(__file__).parents[4] / "shared" / "data"


def read(panel: Purchases) -> tuple[list[PanelDecision], Rejects]:
    """Return the decisions of a panel of one file, and what was rejected."""
    [path] = panel.files()
    rejects = Rejects(panel.name, path)
    return list(panel.read_decisions(path, rejects)), rejects


def make_cars(path: Path, *cars: Mapping[str, object]) -> Cars:
    """Write cars, whose other columns are 0, and return the panel that reads them."""
    common = {**dict.fromkeys(CAR_COLUMNS, 0), "person": "v1", "split": "train", "opCost": 6, "accelTime": 7.5}
    pd.DataFrame([{**common, **car} for car in cars]).to_csv(path, index=False)
    return Cars(name="cars", path=str(path), persona_share=0.5)


def make_tuna(path: Path, *choices: str, price: float = 0.69) -> Households:
    """Write what one household chose, at a price that falls by a cent a time; return the panel that reads it."""
    prices = {f"price.{brand}": 0.59 for brand in GOODS["Tuna"].brands}
    rows = [
        {"Tuna.hid": 7, "Tuna.id": place, "Tuna.choice": choice, **prices, "price.skw": price - place / 100}
        for place, choice in enumerate(choices)
    ]
    pd.DataFrame(rows).to_csv(path / "Tuna.csv")
    return Households(name="households", path=str(path / "*.csv"), persona_share=0.5)


def option_texts(decision: PanelDecision) -> dict[str, str]:
    """Return the options by key."""
    form = decision.question.form
    assert isinstance(form, Choose)
    return {option.key: option.text for option in form.options}


def test_a_car_is_described_with_all_that_was_shown(tmp_path: Path) -> None:
    hybrid = {"hev": 1, "japanese": 1, "price": 23, "choice": 1}
    panel = make_cars(tmp_path / "cars.csv", hybrid, {"bev150": 1, "bevFastcharge": 1, "price": 15}, {"price": 50})
    [decision], rejects = read(panel)
    texts = option_texts(decision)
    assert texts[decision.answer] == "Japanese hybrid, 6 cents a mile, 7.5 seconds to 60 miles an hour, $23,000.00"
    assert set(texts.values()) - {texts[decision.answer]} == {
        "German electric car with a range of 150 miles and fast charging, 6 cents a mile, 7.5 seconds to 60 miles an "
        "hour, $15,000.00",
        "German gasoline car, 6 cents a mile, 7.5 seconds to 60 miles an hour, $50,000.00",
    }
    opening = render(decision.question).user.partition("\n* ")[0]
    assert opening == "About you: \n\nYou want something from Cars. The search shows:"
    check_answer(decision.question, Answer(decision.answer, "human", mind="cars"))
    assert rejects.number == 0


def test_stated_choices_are_not_remembered(tmp_path: Path) -> None:
    choice = [{"price": 15, "choice": 1}, {"price": 18, "american": 1}]
    panel = make_cars(tmp_path / "cars.csv", *choice, *({**car, "obsnum": 2} for car in choice))
    decisions, _ = read(panel)
    assert len(decisions) == 2
    assert all("You remember" not in render(decision.question).user for decision in decisions)


@pytest.mark.parametrize("change", [{"price": None}, {"price": 0}, {"hev": None}])
def test_an_empty_cell_or_no_price_is_rejected(change: dict[str, object], tmp_path: Path) -> None:
    cars = [{"price": 15, "choice": 1}, {"price": 18, **change}]
    decisions, rejects = read(make_cars(tmp_path / "cars.csv", *cars))
    assert (decisions, rejects.number) == ([], 1)


def test_a_person_in_two_splits_is_refused(tmp_path: Path) -> None:
    cars = [{"price": 15, "choice": 1}, {"price": 18, "split": "test"}]
    with pytest.raises(DataError, match=r"the person v1 is in 2 splits"):
        read(make_cars(tmp_path / "cars.csv", *cars))


def test_a_choice_of_no_car_is_rejected(tmp_path: Path) -> None:
    decisions, rejects = read(make_cars(tmp_path / "cars.csv", {"price": 15}, {"price": 18}))
    assert (decisions, rejects.number) == ([], 1)


def test_a_household_remembers_what_it_bought_and_what_it_paid(tmp_path: Path) -> None:
    (first, second), rejects = read(make_tuna(tmp_path, "skw", "pw"))
    assert "You remember" not in render(first.question).user
    assert "You remember:\n- You bought the StarKist tuna in water for $0.69.\n" in render(second.question).user
    assert option_texts(first)[first.answer] == "StarKist tuna in water, $0.69"
    assert option_texts(second)[second.answer] == "tuna in water of the shop's own brand, $0.59"
    assert (first.person, first.group, rejects.number) == ("Tuna/7", "Tuna/7", 0)


def test_brands_are_at_random_places(tmp_path: Path) -> None:
    decisions, _ = read(make_tuna(tmp_path, *["skw"] * 40))
    assert {decision.answer for decision in decisions} == {"0", "1", "2", "3", "4"}


def test_a_household_is_in_one_split_and_splits_have_their_shares(tmp_path: Path) -> None:
    prices = {f"price.{brand}": 0.59 for brand in GOODS["Tuna"].brands}
    rows = [{"Tuna.hid": place // 2, "Tuna.choice": "pw", **prices} for place in range(4000)]
    pd.DataFrame(rows).to_csv(tmp_path / "Tuna.csv")
    decisions, _ = read(Households(name="households", path=str(tmp_path / "*.csv"), persona_share=0.5))
    splits = pd.Series({decision.person: decision.split for decision in decisions})
    assert len({(decision.person, decision.split) for decision in decisions}) == len(splits) == 2000
    shares = splits.value_counts(normalize=True)
    assert (shares - pd.Series({"train": 0.75, "val": 0.1, "test": 0.15})).abs().max() < 0.03


def test_a_household_of_two_files_is_in_one_split(tmp_path: Path) -> None:
    splits: dict[str, set[str]] = {}
    for name in ("Tuna", "Ketchup"):
        goods = GOODS[name]
        prices = {f"price.{brand}": 0.59 for brand in goods.brands}
        brand = next(iter(goods.brands))
        rows = [{f"{name}.hid": number, f"{name}.choice": brand, **prices} for number in range(30)]
        pd.DataFrame(rows).to_csv(tmp_path / f"{name}.csv")
        panel = Households(name="households", path=str(tmp_path / f"{name}.csv"), persona_share=0.5)
        for decision in read(panel)[0]:
            splits.setdefault(decision.person.partition("/")[2], set()).add(decision.split)
    assert len(splits) == 30
    assert all(len(split) == 1 for split in splits.values())


def test_promotions_are_seen_and_not_remembered(tmp_path: Path) -> None:
    row = {"id": 1, "choice": "heinz28", "disp.heinz28": 1, "feat.heinz28": 1, "feat.hunts32": 1}
    prices = {f"price.{brand}": 5.2 for brand in GOODS["Catsup"].brands}
    pd.DataFrame([{**row, **prices}] * 2).fillna(0).to_csv(tmp_path / "Catsup.csv")
    (first, second), _ = read(Households(name="households", path=str(tmp_path / "Catsup.csv"), persona_share=0.5))
    assert option_texts(first)[first.answer] == "Heinz ketchup of 28 ounces, on display and advertised, $1.46"
    assert "Hunt's ketchup of 32 ounces, advertised, $1.66" in option_texts(first).values()
    assert "You bought the Heinz ketchup of 28 ounces for $1.46.\n" in render(second.question).user


@pytest.mark.parametrize("price", [0.0, float("nan")])
def test_a_brand_without_a_price_is_rejected(price: float, tmp_path: Path) -> None:
    decisions, rejects = read(make_tuna(tmp_path, "skw", "no-brand", price=price))
    assert (decisions, rejects.number) == ([], 2)


def test_a_file_of_other_goods_is_named(tmp_path: Path) -> None:
    pd.DataFrame({"id": [1]}).to_csv(tmp_path / "Tunas.csv")
    with pytest.raises(DataError, match=r"Tunas\.csv: unknown data set 'Tunas'.*Did you mean 'Tuna'"):
        read(Households(name="households", path=str(tmp_path / "*.csv"), persona_share=0.5))


def test_a_file_without_a_price_column_is_named(tmp_path: Path) -> None:
    pd.DataFrame({"Tuna.hid": [1], "Tuna.choice": ["pw"]}).to_csv(tmp_path / "Tuna.csv")
    with pytest.raises(DataError, match=r"Tuna\.csv lacks the column price\.skw and"):
        read(Households(name="households", path=str(tmp_path / "*.csv"), persona_share=0.5))


@pytest.mark.skipif(not (DATA / "choice_cars_us").is_dir(), reason="the shared data set choice_cars_us is not here")
def test_real_buyers_of_cars_can_all_be_asked() -> None:
    decisions, rejects = read(Cars(name="cars", path=str(DATA / "choice_cars_us/choices.csv.gz"), persona_share=0.5))
    assert (len(decisions), rejects.number) == (384 * 15, 0)
    cheapest = [
        min(decision.question.facts["offers"], key=lambda offer: offer["price"])["id"] == decision.answer
        for decision in decisions
        if decision.split == "train"
    ]
    assert sum(cheapest) / len(cheapest) > 0.4, "one in three would take the cheapest by chance"
