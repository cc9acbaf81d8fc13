# Licensed under the Apache License, Version 2.0; see LICENSE.
"""How many calls are under way at an IM, and who waits for them."""

import json

from stack import process

MORE_THAN_A_DAEMON_HOLDS = 560


def wait_until_they_know_each_other(rig, number):
    def rounds(since):
        return rig.sql("SELECT count(*) FROM engines WHERE lived_at > %s", (since,))[0][0] == number
    for _ in range(3):  # who wrote down that it lives has counted the others soon after
        (now,), = rig.sql("SELECT clock_timestamp()")
        rig.wait_for(lambda since=now: rounds(since), 10, "a look around by all %d" % number)


def test_daemons_share_an_endpoints_window(rig):
    for _ in range(2):
        rig.engine(lease=60000, im_max_in_flight=4, im_create_timeout=60000)
    wait_until_they_know_each_other(rig, 2)
    rig.control.fault(fault="hang", on="create")
    persons = [rig.person() for _ in range(12)]
    for person in persons:
        person.create()
    rig.wait_for_calls(4)
    # both have work that waits
    rig.wait_for(lambda: rig.sql("SELECT count(DISTINCT lease_owner) FROM work WHERE is_begun") == [(2,)], 10,
                 "work at both")
    assert rig.control.get("calls")["in_flight"] == 4
    rig.control.mend()
    for id, in rig.sql("SELECT deployment_id::text FROM operations WHERE created_by = ANY (%s::uuid[])",
                       ([person.id for person in persons],)):
        rig.wait_for_phase(id, "submitting", "provisioning", "collecting", "ended", timeout=20)


def test_an_endpoint_that_hangs_takes_no_places_of_others(rig):
    own = rig.im_url.replace("127.0.0.1", "localhost")
    assert own != rig.im_url
    with open(rig.path("providers.json"), encoding="utf-8") as file:
        named = {one["name"]: one for one in json.load(file)["providers"]}
    named["good-one"].update(im=own)
    process.write(rig.path("two-endpoints.json"), json.dumps({"providers": list(named.values())}))
    rig.control.fault(fault="hang", on="create", cloud="good-one")
    there, elsewhere = rig.person(group=rig.pair()), rig.person()
    ids = [there.create(provider="good-one") for _ in range(MORE_THAN_A_DAEMON_HOLDS)]
    rig.engine(providers=rig.path("two-endpoints.json"), lease=60000, im_create_timeout=60000, poll_max=30000)
    rig.wait_for_calls(4)
    rig.finish(elsewhere.create())
    assert rig.control.get("calls")["in_flight"] == 4
    assert not rig.sql("SELECT FROM operations WHERE deployment_id = ANY (%s::uuid[]) AND ended_at IS NOT NULL", (ids,))
