"""The sandbox: the vocabulary of a simulation, the runtime, figures and output, and the command line.

`core` has the types that worlds and minds share; `figures`, `prompting` and `graphs` build on it; `runtime` drives
runs; `output` writes what they found; `cli` is the roof. Except for the command line, nothing here may know a world, a
mind that needs a model, or an experiment: `conf/` names them.
"""

__version__ = "0.2.0"
