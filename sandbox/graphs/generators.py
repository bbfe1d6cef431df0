"""Models of social networks from the literature: numbers in, a network out.

Every generator draws from the `rng` that is passed in and from nothing else.
"""

from collections.abc import Sequence

import networkx as nx
import numpy as np

from sandbox.errors import ConfigError
from sandbox.graphs.graph import Graph, Ints, build_graph


def small_world(n: int, degree: int, rewire: float, rng: np.random.Generator) -> Graph:
    """Generate a small world: a ring in which everybody knows their nearest, with some ties moved to random agents.

    Watts & Strogatz (1998), "Collective dynamics of 'small-world' networks", Nature 393, 440-442,
    doi:10.1038/30918. This is the model as published, not networkx's connected variant, which draws again until the
    network is connected: that is another distribution, takes a random number of draws, and hardly ever ends
    for many people with few ties. Each person keeps at least degree / 2 ties; `describe_graph` reports the largest
    component.
    """
    _check_degree("degree", degree, n)
    if degree % 2:
        raise ConfigError(f"graph.degree must be even (half on each side), found {degree}; use {degree - 1}")
    return build_graph(n, list(nx.watts_strogatz_graph(n, degree, rewire, seed=rng).edges))


def scale_free(n: int, edges_per_node: int, rng: np.random.Generator) -> Graph:
    """Generate a scale-free network: newcomers prefer well-connected people, so that a few hubs have most ties.

    Barabasi & Albert (1999), "Emergence of scaling in random networks", Science 286, 509-512,
    doi:10.1126/science.286.5439.509. Growth starts from a star of edges_per_node + 1 people, so the network is
    connected and has exactly edges_per_node x (n - edges_per_node) ties. Low ids are the oldest and best connected.
    """
    _check_degree("edges_per_node", edges_per_node, n)
    return build_graph(n, list(nx.barabasi_albert_graph(n, edges_per_node, seed=rng).edges))


def stochastic_block(groups: Sequence[str], mean_degree: float, homophily: float, rng: np.random.Generator) -> Graph:
    """Generate a network of groups: every pair is tied independently, more probably within a group than across groups.

    Holland, Laskey & Leinhardt (1983), "Stochastic blockmodels: First steps", Social Networks 5, 109-137,
    doi:10.1016/0378-8733(83)90021-7, with one probability within and one between groups. On homophily: McPherson,
    Smith-Lovin & Cook (2001), "Birds of a feather", Annual Review of Sociology 27, 415-444,
    doi:10.1146/annurev.soc.27.1.415.

    With s the share of all pairs of people that are of one group, the expected share of ties within groups is
    homophily + (1 - homophily) s. So homophily is the index of Coleman (1958), "Relational analysis", Human
    Organization 17(4), 28-36, doi:10.17730/humo.17.4.q5604m676260q8n7, taken over all groups. People of larger groups
    have more ties: (1 - homophily) mean_degree with anybody, the rest in proportion to the size of their group.

    Args:
        groups: The group of each person; the names are only compared for equality.
        mean_degree: Expected ties per person, averaged over all.
        homophily: See above.
        rng: Source of all randomness. Time and memory grow with people and ties, not with pairs.
    """
    n = len(groups)
    _check_degree("mean_degree", mean_degree, n)
    codes: dict[str, int] = {}
    block = np.array([codes.setdefault(group, len(codes)) for group in groups])
    # Sort people by group: the later people of a person's own group are then a range, and so are those of all others.
    order, rank = np.argsort(block, kind="stable"), np.arange(n)
    end_of_group = np.cumsum(np.bincount(block))[block[order]]
    num_same = end_of_group - rank - 1
    between = (1 - homophily) * mean_degree / max(n - 1, 1)
    within = between + _within_excess(homophily * mean_degree * n / 2, int(num_same.sum()), 1 - between)
    ties_within = _sample_pairs(rank + 1, num_same, within, rng)
    ties_between = _sample_pairs(end_of_group, n - end_of_group, between, rng)
    return build_graph(n, order[np.concatenate([ties_within, ties_between])])


def erdos_renyi(n: int, mean_degree: float, rng: np.random.Generator) -> Graph:
    """Generate a random network: every pair is tied independently with the same probability.

    Gilbert (1959), "Random graphs", Annals of Mathematical Statistics 30, 1141-1144, doi:10.1214/aoms/1177706098;
    commonly named after Erdos & Renyi (1959), "On random graphs I", Publicationes Mathematicae Debrecen 6, 290-297,
    doi:10.5486/PMD.1959.6.3-4.12, who fix the number of ties instead. Takes time linear in ties by the method of
    Batagelj & Brandes (2005), Physical Review E 71, 036113, doi:10.1103/PhysRevE.71.036113.
    """
    _check_degree("mean_degree", mean_degree, n)
    prob = mean_degree / max(n - 1, 1)
    prob = prob if 1 - prob < 1 else 0.0  # networkx divides by log(1 - prob)
    return build_graph(n, list(nx.fast_gnp_random_graph(n, prob, seed=rng).edges))


def _within_excess(num_ties: float, num_pairs: int, max_excess: float) -> float:
    """Return the probability that adds `num_ties` expected ties to `num_pairs` pairs of people of one group.

    Raises:
        ConfigError: The probability is larger than `max_excess`.
    """
    if num_ties > max_excess * num_pairs * (1 + 1e-9):
        raise ConfigError(
            f"graph.homophily asks for {num_ties:.1f} more ties within groups than chance gives, but the {num_pairs} "
            f"pairs of people of one group have room for {max_excess * num_pairs:.1f}; lower homophily or mean_degree, "
            "or set by to an attribute with fewer values"
        )
    return min(num_ties / max(num_pairs, 1), max_excess)


def _sample_pairs(first: Ints, count: Ints, prob: float, rng: np.random.Generator) -> Ints:
    """Draw each pair (i, first[i] + k) with k < count[i] independently with probability `prob`.

    Returns:
        The pairs, shape (num_drawn, 2).
    """
    ends = np.cumsum(count)
    total = int(ends[-1])
    # Number all pairs from 0 to total - 1, draw how many are ties, then which; never list the pairs themselves.
    numbers = rng.choice(total, rng.binomial(total, prob), replace=False, shuffle=False)
    row = np.searchsorted(ends, numbers, side="right")
    return np.column_stack([row, first[row] + numbers - (ends - count)[row]])


def _check_degree(setting: str, degree: float, n: int) -> None:
    if degree > n - 1:
        raise ConfigError(
            f"graph.{setting} {degree:g} is more than the number of people that a person can know: found {n} people; "
            f"lower {setting} or ask for more than {degree:g} people"
        )
