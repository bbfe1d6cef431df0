"""What is said of somebody who posts, in our own words: figures in, English in the second person out.

Nothing that a person wrote gets here but topics, single words that others use too. Where a thing can be said in several
ways, a hash of the person's id chooses, so the same figures always give the same text.
"""

from collections.abc import Sequence
from typing import NamedTuple

from training.persons import phrases as say
from training.persons.habits import Habits
from training.persons.posters import Episode, Figures, storiness

MAX_STORIES = 8

MEDIA = {
    "forum": ("a forum", "posts and comments", "in"),
    "microblog": ("a microblog", "short messages", "about"),
    "blog": ("a blog of your own", "entries", "in"),
    "reviews": ("a shop's pages", "reviews", "in"),
}
"""Where they write, what, and how it stands to a place, by platform."""
SHORTEST = 100
"""Words that a profile has at least."""
UNKNOWN = "So little is on record of you that the rest is open: be whoever would write such things in such a way."


class Poster(NamedTuple):
    """All that is known of a person."""

    id: str
    figures: Figures
    episodes: tuple[Episode, ...]
    """Oldest first."""


def persona(person: Poster) -> str:
    """Who they are, in at most 75 words."""
    return " ".join(part for part in (_who(person), _where(person), _about(person), _pace(person)) if part)


def profile(person: Poster) -> str:
    """The same at length, 100 to 300 words."""
    parts = (_who, _where, _history, _places, _about, _replies, _lengths, _pace, _clock, _week, _echo, _voice, _manner)
    said = " ".join(text for part in parts if (text := part(person)))
    return said if len(said.split()) >= SHORTEST else f"{said} {UNKNOWN}"


def stories(person: Poster) -> tuple[str, ...]:
    """Up to eight texts as facts, oldest first: those most like a story, the first and the last."""
    habits, last = person.figures.habits, len(person.episodes) - 1
    by_score = sorted(range(last + 1), key=lambda place: (-storiness(person.episodes[place], habits), place))
    chosen = list(dict.fromkeys((*by_score[: MAX_STORIES - 2], 0, last, *by_score)))[:MAX_STORIES]
    return tuple(dict.fromkeys(_story(person, place) for place in sorted(chosen)))


def writing_style(person: Poster) -> str:
    """How they write, in one sentence of at most 40 words."""
    habits = person.figures.habits
    length = say.grade(
        habits.sentence, (5, "clipped"), (8, "short"), (13, "medium-long"), (18, "long"), (999, "winding")
    )
    words = f"{habits.sentence} word{'s' * (habits.sentence != 1)}"
    verb = _pick(person, "style", "You write", "You put things in", "You express yourself in")
    return f"{verb} {length} sentences of about {words}, with {say.listed(_manners(habits))}."


def _manners(habits: Habits) -> list[str]:
    exclaimed = (0.1, "no exclamation marks"), (0.4, "some exclamation marks"), (1, "many exclamation marks")
    about = (0.35, "hardly a word about yourself"), (0.75, ""), (1, "your own experience at the centre")
    manners = (
        say.grade(habits.exclaim_share, *exclaimed),
        "questions" if habits.question_share > 0.35 else "",
        "some words in CAPITALS" if habits.shout_share > 0.25 else "",
        "small letters where capitals belong" if habits.lower_share > 0.3 else "",
        "smileys" if habits.emoticon_share > 0.15 else "",
        "#tags" if habits.tag_share > 0.25 else "",
        "links" if habits.link_share > 0.4 else "",
        say.grade(habits.first_person_share, *about),
    )
    return [manner for manner in manners if manner]


def _who(person: Poster) -> str:
    stated = person.figures.demographics
    noun = {"male": "man", "female": "woman"}.get(stated.get("gender", ""), "")
    age = f"in your {stated['age'].replace('20s', 'twenties').replace('30s', 'thirties')}" if "age" in stated else ""
    age = age.replace("40s", "forties").replace("50s", "fifties")
    trade = f"whose field is {stated['industry']}" if "industry" in stated else ""
    trade = "who is a student" if stated.get("industry") == "Student" else trade
    if not (noun or age or trade):
        return ""
    return f"You are {' '.join(part for part in (f'a {noun}' if noun else 'somebody', age, trade) if part)}."


def _where(person: Poster) -> str:
    medium, texts, at = MEDIA[person.figures.platform]
    names = list(person.figures.places)
    if person.figures.platform == "blog" or not names:
        return _pick(person, "where", f"You keep writing on {medium}.", f"You write {texts} on {medium}.")
    if person.figures.places[names[0]] > 0.8:
        return _pick(
            person,
            "where",
            f"On {medium} you write mostly {at} {names[0]}.",
            f"What you write on {medium} is mostly {at} {names[0]}.",
        )
    return _pick(
        person,
        "where",
        f"On {medium} you write {at} {say.listed(names[:3])}.",
        f"You write on {medium}, {at} {say.listed(names[:3])}.",
    )


def _about(person: Poster) -> str:
    topics = list(person.figures.topics)
    if len(topics) < 2:
        return "What you write about changes from day to day."
    named = say.listed(topics[:4])
    return _pick(
        person,
        "about",
        f"You often come back to {named}.",
        f"What you bring up most, compared with others, is {named}.",
        f"Words that mark your talk are {named}.",
    )


def _pace(person: Poster) -> str:
    figures = person.figures
    length = say.length(figures.habits.words)
    if figures.days < 2:
        return f"A text of yours is {length}."
    rate = say.grade(
        figures.days / figures.span_days,
        (0.02, "a few times a year"),
        (0.07, "once or twice a month"),
        (0.2, "most weeks"),
        (0.5, "several days a week"),
        (1, "nearly every day"),
    )
    return _pick(
        person, "pace", f"You write {rate}, {length} at a time.", f"You speak up {rate}, in {length} as a rule."
    )


def _history(person: Poster) -> str:
    figures = person.figures
    texts = MEDIA[figures.platform][1]
    if figures.first is None or figures.last is None:
        return f"Of you there are {figures.num} {texts} on record, without dates."
    first, last = say.season(figures.first), say.season(figures.last)
    when = f"in {first}" if first == last else f"between {first} and {last}"
    return f"There are {figures.num} {texts} of yours on record, written {when}."


def _places(person: Poster) -> str:
    shares = list(person.figures.places.items())
    if len(shares) < 2:
        return ""
    parts = [f"{name} ({share:.0%})" for name, share in shares[:5]]
    if rest := sum(share for _, share in shares[5:]):
        parts.append(f"other places ({rest:.0%})")
    return f"They went to {say.listed(parts)}."


def _replies(person: Poster) -> str:
    share = person.figures.reply_share
    if person.figures.platform in ("blog", "reviews"):
        return ""
    return say.grade(
        share,
        (0.05, "You start things rather than answer others; nearly all you write stands on its own."),
        (0.5, f"You mostly write on your own account, and about {share:.0%} of it answers somebody."),
        (0.95, f"You answer others more than you start things: about {share:.0%} are replies."),
        (1, "You hardly ever start anything; what you write answers others."),
    )


def _lengths(person: Poster) -> str:
    habits = person.figures.habits
    usual = f"A text of yours usually has about {habits.words} word{'s' * (habits.words != 1)}"
    if habits.longest < 2 * habits.words + 5:
        return f"{usual}, hardly ever many more."
    return f"{usual}; the longest had {habits.longest}."


def _clock(person: Poster) -> str:
    """When in the day, in the source's clock (UTC)."""
    hours = person.figures.hours
    if not hours or person.figures.num < 8 or person.figures.platform == "blog":
        return ""
    parts = {"at night": hours[0:6], "in the morning": hours[6:12], "in the afternoon": hours[12:18]}
    parts["in the evening"] = hours[18:24]
    best = max(parts, key=lambda name: (sum(parts[name]), name))
    share = sum(parts[best])
    return f"Most of it ({share:.0%}) is written {best} by universal time." if share > 0.45 else ""


def _week(person: Poster) -> str:
    share, figures = person.figures.weekend_share, person.figures
    if figures.days < 5:
        return ""
    return say.grade(
        share,
        (0.12, "At weekends you keep quiet."),
        (0.4, "Weekdays and weekends see you about equally."),
        (1, "Weekends are when you write most."),
    )


def _echo(person: Poster) -> str:
    votes = person.figures.votes
    if votes is None or person.figures.num < 5:
        return ""
    return say.grade(
        votes,
        (0, "What you write finds little echo."),
        (2, "What you write finds some echo, seldom much."),
        (10, "What you write is usually well received."),
        (10**9, "What you write regularly finds a large audience."),
    )


def _voice(person: Poster) -> str:
    habits = person.figures.habits
    asked = say.grade(
        habits.question_share,
        (0.1, "You seldom ask anything"),
        (0.35, "Now and then you ask something"),
        (1, "You ask a lot of questions"),
    )
    own = say.grade(
        habits.first_person_share,
        (0.35, "you speak of the matter rather than of yourself"),
        (0.75, "you speak of yourself in passing"),
        (1, "you nearly always speak of how it is for you"),
    )
    return f"{asked}, and {own}."


def _manner(person: Poster) -> str:
    habits = person.figures.habits
    loud = say.grade(
        habits.exclaim_share,
        (0.1, "Your tone is level, with hardly an exclamation mark"),
        (0.4, "You allow yourself an exclamation mark from time to time"),
        (1, "Your tone is lively, with exclamation marks in much of what you write"),
    )
    pace = say.grade(habits.sentence, (8, "short"), (13, "of middling length"), (18, "long"), (999, "very long"))
    lower = ", and you often begin without a capital letter" if habits.lower_share > 0.3 else ""
    return f"{loud}; your sentences are {pace}{lower}."


def _story(person: Poster, place: int) -> str:
    one = person.episodes[place]
    when = f"In {say.season(one.month)}" if one.month is not None else "Once"
    where = f" in {one.place}" if one.place and len(person.figures.places) > 1 else ""
    what = {"comment": "answered somebody", "post": "wrote something"}.get(one.kind, "wrote something")
    about = f" about {say.listed(list(one.topics[:2]))}" if one.topics else ""
    length = say.length(one.words)
    own = ", about how it was for you" if one.first_person and not one.topics else ""
    return _pick(
        person,
        f"story {place}",
        f"{when} you {what}{where}{about}, {length}{own}.",
        f"{when} you {what}{about}{where}: {length}{own}.",
    )


def _pick(person: Poster, slot: str, *variants: str) -> str:
    """One of several ways to say the same thing; which one depends on the person and the place only."""
    return say.pick(f"{person.id}/{slot}", *variants)


def shares_of(places: dict[str, float], most: int) -> dict[str, float]:
    """The `most` largest shares, scaled to sum to 1."""
    kept: Sequence[str] = list(places)[:most]
    total = sum(places[name] for name in kept)
    return {name: places[name] / total for name in kept} if total else {}
