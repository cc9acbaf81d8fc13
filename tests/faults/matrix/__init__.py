# Licensed under the Apache License, Version 2.0; see LICENSE.
"""The matrix of faults: a cell is an operation, a moment of it, and what happens then. `cells` says which there are,
`strike` makes the fault happen, `oracle` compares what IM has with what the API says, `run` is the way of a cell."""
