"""Graphs: the social network of a world, generated or read from a file.

This room owns the social networks: their parameters (`params`, named by `conf/graph/`), the models that generate them
(`generators`), networks from files (`files`), numbers that describe them (`description`), and measures of what travels
on them (`diffusion`). It must not know
worlds, minds or runs. Of the agents it reads at most their number, one attribute of their profiles and, for a network
from a file, their ids (`people`); texts never matter.
"""

from sandbox.graphs.description import describe_graph
from sandbox.graphs.diffusion import cascades, tie_similarity
from sandbox.graphs.graph import Graph
from sandbox.graphs.params import ErdosRenyi, FromFile, GraphParams, ScaleFree, SmallWorld, StochasticBlock

__all__ = [
    "ErdosRenyi",
    "FromFile",
    "Graph",
    "GraphParams",
    "ScaleFree",
    "SmallWorld",
    "StochasticBlock",
    "cascades",
    "describe_graph",
    "tie_similarity",
]
