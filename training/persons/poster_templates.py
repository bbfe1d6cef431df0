"""Describe somebody who posts, in our own words: statistics in, English in the second person out.

Nothing that a person wrote gets here except for topics, which are single words that others use too. If a thing can be
worded in several ways, a hash of the person's id chooses, so the same statistics always give the same text.

The sentences are part of the shipped profiles: changing one changes the people that models are trained on.
"""

from typing import NamedTuple

from training.persons import phrases
from training.persons.posters import Episode, PosterStatistics, storiness

MAX_STORIES = 8
MIN_PROFILE_WORDS = 100
"""A shorter profile gets `UNKNOWN` added."""
UNKNOWN = "So little is on record of you that the rest is open: be whoever would write such things in such a way."


class Medium(NamedTuple):
    """Where people write, as the wording calls it."""

    name: str
    """Such as `a forum`."""
    texts: str
    """What they write, such as `posts and comments`."""
    preposition: str = "in"
    """How a text relates to its community: you write `in` a subreddit, but `about` an airline."""
    has_communities: bool = True
    has_replies: bool = True
    """Whether people can answer one another."""
    has_hours: bool = True
    """Whether the times of texts are more than days."""


class Poster(NamedTuple):
    """Everything known about a person."""

    id: str
    stats: PosterStatistics
    episodes: tuple[Episode, ...]
    """Oldest first."""
    medium: Medium


def persona(person: Poster) -> str:
    """Describe who they are, in at most 75 words."""
    return phrases.join_sentences(person, (_introduction, _venue, _topic_sentence, _pace))


def profile(person: Poster) -> str:
    """Describe the same at length, in 100 to 300 words."""
    parts = (_introduction, _venue, _history, _communities, _topic_sentence, _replies, _text_lengths, _pace)
    parts += (_time_of_day, _weekend_habit, _reception, _self_reference, _tone)
    text = phrases.join_sentences(person, parts)
    return text if len(text.split()) >= MIN_PROFILE_WORDS else f"{text} {UNKNOWN}"


def stories(person: Poster) -> tuple[str, ...]:
    """Describe up to eight texts, oldest first: those most like a story, the first and the last."""
    habits, last = person.stats.habits, len(person.episodes) - 1
    by_score = sorted(range(last + 1), key=lambda index: (-storiness(person.episodes[index], habits), index))
    chosen = list(dict.fromkeys((*by_score[: MAX_STORIES - 2], 0, last, *by_score)))[:MAX_STORIES]
    return tuple(dict.fromkeys(_story(person, index) for index in sorted(chosen)))


def writing_style(person: Poster) -> str:
    """Describe how they write, in one sentence of at most 40 words."""
    habits = person.stats.habits
    length = phrases.grade(
        habits.sentence, (5, "clipped"), (8, "short"), (13, "medium-long"), (18, "long"), (999, "winding")
    )
    exclamation = (0.1, "no exclamation marks"), (0.4, "some exclamation marks"), (1, "many exclamation marks")
    first_person = (0.35, "hardly a word about yourself"), (0.75, ""), (1, "your own experience at the centre")
    traits = (
        phrases.grade(habits.exclaim_share, *exclamation),
        "questions" if habits.question_share > 0.35 else "",
        "some words in CAPITALS" if habits.shout_share > 0.25 else "",
        "small letters where capitals belong" if habits.lower_share > 0.3 else "",
        "smileys" if habits.emoticon_share > 0.15 else "",
        "#tags" if habits.tag_share > 0.25 else "",
        "links" if habits.link_share > 0.4 else "",
        phrases.grade(habits.first_person_share, *first_person),
    )
    return phrases.writing_style(person.id, length, habits.sentence, traits)


def _introduction(person: Poster) -> str:
    demographics = person.stats.demographics
    noun = {"male": "a man", "female": "a woman"}.get(demographics.get("gender", ""), "")
    age, industry = demographics.get("age", ""), demographics.get("industry", "")
    decade = f"in your {_DECADES.get(age, age)}" if age else ""
    trade = f"whose field is {industry}" if industry else ""
    trade = "who is a student" if industry == "Student" else trade
    if not (noun or decade or trade):
        return ""
    return f"You are {' '.join(part for part in (noun or 'somebody', decade, trade) if part)}."


def _venue(person: Poster) -> str:
    medium, texts, preposition = person.medium.name, person.medium.texts, person.medium.preposition
    names = list(person.stats.communities)
    if not person.medium.has_communities or not names:
        return _pick(person, "where", f"You keep writing on {medium}.", f"You write {texts} on {medium}.")
    if person.stats.communities[names[0]] > 0.8:
        return _pick(
            person,
            "where",
            f"On {medium} you write mostly {preposition} {names[0]}.",
            f"What you write on {medium} is mostly {preposition} {names[0]}.",
        )
    return _pick(
        person,
        "where",
        f"On {medium} you write {preposition} {phrases.join_list(names[:3])}.",
        f"You write on {medium}, {preposition} {phrases.join_list(names[:3])}.",
    )


def _topic_sentence(person: Poster) -> str:
    topics = list(person.stats.topics)
    if len(topics) < 2:
        return "What you write about changes from day to day."
    words = phrases.join_list(topics[:4])
    return _pick(
        person,
        "about",
        f"You often come back to {words}.",
        f"What you bring up most, compared with others, is {words}.",
        f"Words that mark your talk are {words}.",
    )


def _pace(person: Poster) -> str:
    stats = person.stats
    length = phrases.length(stats.habits.words)
    if stats.days < 2:
        return f"A text of yours is {length}."
    rate = phrases.grade(
        stats.days / stats.span_days,
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
    stats = person.stats
    texts = person.medium.texts
    if stats.first is None or stats.last is None:
        return f"Of you there are {stats.num} {texts} on record, without dates."
    first, last = phrases.season(stats.first), phrases.season(stats.last)
    period = f"in {first}" if first == last else f"between {first} and {last}"
    return f"There are {stats.num} {texts} of yours on record, written {period}."


def _communities(person: Poster) -> str:
    shares = list(person.stats.communities.items())
    if len(shares) < 2:
        return ""
    parts = [f"{name} ({share:.0%})" for name, share in shares[:5]]
    if rest := sum(share for _, share in shares[5:]):
        parts.append(f"other places ({rest:.0%})")
    return f"They went to {phrases.join_list(parts)}."


def _replies(person: Poster) -> str:
    share = person.stats.reply_share
    if not person.medium.has_replies:
        return ""
    return phrases.grade(
        share,
        (0.05, "You start things rather than answer others; nearly all you write stands on its own."),
        (0.5, f"You mostly write on your own account, and about {share:.0%} of it answers somebody."),
        (0.95, f"You answer others more than you start things: about {share:.0%} are replies."),
        (1, "You hardly ever start anything; what you write answers others."),
    )


def _text_lengths(person: Poster) -> str:
    habits = person.stats.habits
    usual = f"A text of yours usually has about {habits.words} word{'s' * (habits.words != 1)}"
    if habits.longest < 2 * habits.words + 5:
        return f"{usual}, hardly ever many more."
    return f"{usual}; the longest had {habits.longest}."


def _time_of_day(person: Poster) -> str:
    """Name the part of the day (UTC) in which they write most, if there is one."""
    hours = person.stats.hours
    if not hours or person.stats.num < 8 or not person.medium.has_hours:
        return ""
    parts = {"at night": hours[0:6], "in the morning": hours[6:12], "in the afternoon": hours[12:18]}
    parts["in the evening"] = hours[18:24]
    best = max(parts, key=lambda name: (sum(parts[name]), name))
    share = sum(parts[best])
    return f"Most of it ({share:.0%}) is written {best} by universal time." if share > 0.45 else ""


def _weekend_habit(person: Poster) -> str:
    share, stats = person.stats.weekend_share, person.stats
    if share is None or stats.days < 5:
        return ""
    return phrases.grade(
        share,
        (0.12, "At weekends you keep quiet."),
        (0.4, "Weekdays and weekends see you about equally."),
        (1, "Weekends are when you write most."),
    )


def _reception(person: Poster) -> str:
    votes = person.stats.votes
    if votes is None or person.stats.num < 5:
        return ""
    return phrases.grade(
        votes,
        (0, "What you write finds little echo."),
        (2, "What you write finds some echo, seldom much."),
        (10, "What you write is usually well received."),
        (10**9, "What you write regularly finds a large audience."),
    )


def _self_reference(person: Poster) -> str:
    habits = person.stats.habits
    questions = phrases.grade(
        habits.question_share,
        (0.1, "You seldom ask anything"),
        (0.35, "Now and then you ask something"),
        (1, "You ask a lot of questions"),
    )
    self_mentions = phrases.grade(
        habits.first_person_share,
        (0.35, "you speak of the matter rather than of yourself"),
        (0.75, "you speak of yourself in passing"),
        (1, "you nearly always speak of how it is for you"),
    )
    return f"{questions}, and {self_mentions}."


def _tone(person: Poster) -> str:
    habits = person.stats.habits
    loudness = phrases.grade(
        habits.exclaim_share,
        (0.1, "Your tone is level, with hardly an exclamation mark"),
        (0.4, "You allow yourself an exclamation mark from time to time"),
        (1, "Your tone is lively, with exclamation marks in much of what you write"),
    )
    length = phrases.grade(habits.sentence, (8, "short"), (13, "of middling length"), (18, "long"), (999, "very long"))
    lower = ", and you often begin without a capital letter" if habits.lower_share > 0.3 else ""
    return f"{loudness}; your sentences are {length}{lower}."


def _story(person: Poster, index: int) -> str:
    episode = person.episodes[index]
    time = f"In {phrases.season(episode.month)}" if episode.month is not None else "Once"
    community = f" in {episode.community}" if episode.community and len(person.stats.communities) > 1 else ""
    act = {"comment": "answered somebody", "post": "wrote something"}.get(episode.kind, "wrote something")
    topics = f" about {phrases.join_list(list(episode.topics[:2]))}" if episode.topics else ""
    length = phrases.length(episode.words)
    experience = ", about how it was for you" if episode.first_person and not episode.topics else ""
    return _pick(
        person,
        f"story {index}",
        f"{time} you {act}{community}{topics}, {length}{experience}.",
        f"{time} you {act}{topics}{community}: {length}{experience}.",
    )


def _pick(person: Poster, slot: str, *variants: str) -> str:
    """Return one of several wordings of the same thing; the choice depends on the person and the slot only."""
    return phrases.pick_variant(f"{person.id}/{slot}", *variants)


_DECADES = {"20s": "twenties", "30s": "thirties", "40s": "forties", "50s": "fifties"}
