"""The runtime: types, randomness, the decision log, the runner and the command line.

Owns everything that worlds and minds share, and must not know any world or any mind: both are named in
`conf/` and met here through the types in `question`, `people`, `mind` and `world`.
"""

__version__ = "0.1.0"
