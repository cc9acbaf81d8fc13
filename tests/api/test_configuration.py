# Licensed under the Apache License, Version 2.0; see LICENSE.
"""GET /configuration: where the micro-services are."""

from harness.client import expect


def test_what_is_configured_is_told_and_nothing_else(stack):
    person = stack.person()
    answer = expect(person.get("/configuration"), 200)
    assert answer.json() == {"im_url": stack.im_url, "issuers": [stack.issuer.url.rstrip("/")]}
    again = person.get("/configuration", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304

