# Licensed under the Apache License, Version 2.0; see LICENSE.
"""The documents for real templates say what these say: those that come with the module, and other people's."""

import pytest

import corpus
import plausible
import speaker
from comparing import Comparison, type_files
from model import Types
from written import compose

OWNERS = [{"os_user_name": "alice", "os_user_ssh_public_key": "ssh-ed25519 AAAA alice"}]
MORE = {"users": OWNERS, "tags": {"PAAS_DEP_UUID": "018f0000-0000-7000-8000-000000000000", "note": "1.10"},
        "infra_name": "010"}
SHOWN = 20  # differences that are told


def compare_all(speak, templates, types):
    """How many are whole; nothing is wrong with these."""
    one = speaker.Speaker(speak, types)
    comparison = Comparison(one, type_files(corpus.types_in(types)))
    whole, wrong = 0, []
    for name, text in corpus.templates_in(templates):
        template = compose(text)
        known = Types(template, comparison.files)
        for everything, more in ((False, {}), (True, MORE)):
            answer, _ = plausible.ask(one, known, template, text, everything, **more)
            if "mistakes" not in answer:
                whole += not everything
                wrong += ["%s: %s" % (name, line) for line in comparison.answer(known, template, answer, **more)]
            elif not is_fragment(answer):
                wrong.append("%s is refused: %s" % (name, answer["mistakes"]))
    one.close()
    if wrong:
        pytest.fail("%d differences:\n%s" % (len(wrong), "\n".join(wrong[:SHOWN])), pytrace=False)
    return whole


def is_fragment(answer):
    return "a part of another one" in answer["mistakes"][0]["detail"]


def test_the_documents_of_the_templates_that_come_with_the_module(speak):
    assert compare_all(speak, *corpus.OWN) == 4


@pytest.mark.shared
def test_the_documents_of_other_peoples_templates(speak, shared_data):
    assert compare_all(speak, *corpus.beside()) >= 40
