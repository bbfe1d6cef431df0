"""A two-sided market with search, prices, reviews and word of mouth.

Buyers choose among differentiated goods and an outside option (Salop 1979; McFadden 1974). Before they buy they see a
good's price, style and ratings, and what friends said about it and bought; how good it is they learn afterwards. A
friend's word puts a good into the next search (word of mouth as consideration: Katz and Lazarsfeld 1955), and friends'
purchases can be seen (Bikhchandani, Hirshleifer and Welch 1992, doi:10.1086/261849). Sellers see what a sale leaves
them after tax; they exit if losses last (Dixit 1989, doi:10.1086/261619) and enter while others earn (free entry: Salop
1979).
"""

from worlds.marketplace import interventions  # registers them
from worlds.marketplace.market import Marketplace

__all__ = ["Marketplace", "interventions"]
