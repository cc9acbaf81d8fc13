# Licensed under the Apache License, Version 2.0; see LICENSE.
"""The tosca room as a program, and the comparison with what it should say."""

import pytest

import corpus
import speaker
from comparing import Comparison, type_files


@pytest.fixture(scope="session")
def speak():
    """The program's path."""
    return speaker.make()


@pytest.fixture(scope="module")
def comparison(speak):
    """With the types that the module comes with."""
    one = speaker.Speaker(speak)
    yield Comparison(one, type_files(corpus.types_in(speaker.TYPES)))
    one.close()
