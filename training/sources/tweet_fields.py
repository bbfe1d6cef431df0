"""What a tweet's fields are called in the many formats in which tweets are distributed.

A field's name is spelt in lower case and without punctuation (`user.screen_name` is `userscreenname`), so that one list
of names serves all formats.
"""

import re
from functools import lru_cache
from itertools import chain

NAMES = {
    field: names.split()
    for field, names in {
        "user": "userscreenname userusername authorusername screenname username handle authorid useridstr userid user "
        "author name",
        "text": "notetweettext extendedtweetfulltext fulltext tweettext text tweet rawcontent content body",
        "time": "createdat tweettime tweetcreated tweetcreatedat tweetdate date datetime timestamp time",
        "id": "idstr tweetid statusid id ids",
        "item": "inreplytostatusidstr inreplytostatusid inreplytotweetid inresponsetotweetid "
        "referencedtweetsrepliedtoid",
        "thread": "conversationidstr conversationid",
        "votes": "publicmetricsretweetcount retweetcount retweetscount retweets nretweets",
        "bio": "bio userdescription authordescription userrawdescription userprofiledescription userbio description",
        "lang": "lang language tweetlanguage",
        "is_rt": "isretweet isrt",
        "original": "retweetedstatus retweetedtweet referencedtweetsretweetedid retweetedstatusidstr "
        "retweetedstatusid retweettweetid retweetid",
    }.items()
}
"""What a tweet's fields are called; if a tweet has several of them, the first that says anything counts."""
KNOWN_NAMES = frozenset(chain.from_iterable(NAMES.values()))


@lru_cache(maxsize=4096)
def spell(name: str) -> str:
    """Return a field's name in lower case, without punctuation."""
    return re.sub(r"[\W_]", "", name.lower())
