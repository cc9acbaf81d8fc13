# Licensed under the Apache License, Version 2.0; see LICENSE.
"""What the tests of tokens share: whether one comes in, and issuers beside the stack's own."""

from harness.client import expect
from stack import process
from stack.issuer import Issuer

ROUTE = "/no/such/path"  # 401 for strangers, 404 for everybody who comes in


def come_in(stack, token):
    expect(stack.client_with(token).get(ROUTE), 404)


def refuse(stack, token, status=401):
    """The answer to a token that must not come in; it is a problem and, for a 401, has a challenge."""
    answer = stack.client_with(token).get(ROUTE, check=status == 401)  # no document says 403 of a path that is none
    expect(answer, status)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert answer.json()["instance"] == answer.headers["X-Request-ID"]
    if status == 401:
        assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    return answer


def start_issuer(folder, signing_keys=None):
    """An issuer beside a stack's own; whoever starts it stops it."""
    made = Issuer(str(folder), process.free_port(), signing_keys)
    made.start()
    return made


def block(issuer, *directives):
    """The <OrchestratorIssuer> of an issuer."""
    return "\n".join(["<OrchestratorIssuer %s>" % issuer.url, "OrchestratorAudience orchestrator", *directives,
                      "</OrchestratorIssuer>"]) + "\n"
