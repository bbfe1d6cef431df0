"""A feed: people of a forum or microblog are shown posts, and scroll on, vote, reply, share, follow and unfollow.

What people are shown is a ranking of posts of everybody and of those they follow, as on real platforms (Reddit's `hot`
formula for popularity; approval across divides for bridging: Ovadya & Thorburn 2023, arXiv:2301.09976). Every post may
begin with a vote of nobody, as in the randomised experiment of Muchnik, Aral and Taylor (2013,
doi:10.1126/science.1240466), which the world repeats. Threads are compared with 31,293 threads of Reddit.
"""

from worlds.feed import interventions  # registers them
from worlds.feed.feed import Feed

__all__ = ["Feed", "interventions"]
