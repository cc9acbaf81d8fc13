# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Refresh tokens of an issuer that rotates them: none is spent twice and none is lost, however slow it is, and whatever
happens meanwhile."""

import signal

import pytest

from harness import sealed
from rotating import RotatingIssuer


@pytest.fixture
def issuer(bare_rig):
    made = RotatingIssuer(bare_rig.issuer)
    yield made
    made.close()
    bare_rig.finish_work()
    assert not made.spent_twice()


@pytest.fixture
def daemon(bare_rig, issuer):
    def start(**config):
        return bare_rig.engine(issuers=[issuer.entry()], lease=60000, **config)
    return start


@pytest.fixture
def somebody(bare_rig, issuer):
    """A person of the issuer, with a refresh token; the access token is over, unless `ttl` says otherwise."""
    def make(ttl=-10):
        person = bare_rig.person(ttl=ttl)
        bare_rig.sql("UPDATE users SET issuer = %s, refresh_token = %s WHERE id = %s", (
            issuer.url, seal(bare_rig, person, issuer.give(person.name)), person.id))
        return person
    return make


def seal(rig, person, token):
    return rig.seal("users.refresh_token", person.id, token)


def stored(rig, person):
    (value,), = rig.sql("SELECT refresh_token FROM users WHERE id = %s", (person.id,))
    # pylint: disable=protected-access
    return value and sealed.unseal(rig._key, "users.refresh_token", person.id, value)


def is_kept(rig, issuer, *persons):
    return all(stored(rig, person) == issuer.current[person.name] for person in persons)


def take_the_right(rig, person, renewal, seconds):
    rig.sql("""UPDATE credentials SET renewed_by = %s, renewing_until = now() + %s * interval '1 second'
        WHERE user_id = %s""", (renewal, seconds, person.id))


def let_the_right_end(rig, person, **taken_by):
    """As half a minute does."""
    rig.sql("""UPDATE credentials SET renewing_until = now() - interval '1 second'
        WHERE user_id = %s AND renewing_until IS NOT NULL""", (person.id,))
    for another in taken_by.values():
        take_the_right(rig, person, another, 30)


def lease_number(rig, ids):
    return rig.sql("""SELECT max(lease_number) FROM work JOIN operations USING (id)
        WHERE deployment_id = ANY (%s::uuid[])""", (ids,))[0][0]


def test_two_daemons_spend_each_token_once_and_lose_none(bare_rig, issuer, daemon, somebody):
    daemon()
    daemon()
    persons = [somebody() for _ in range(16)]
    ids = [person.create() for person in persons for _ in range(3)]
    for id in ids:
        bare_rig.finish(id, timeout=40)
    assert issuer.calls() == len(persons)
    assert is_kept(bare_rig, issuer, *persons)


def test_a_right_that_ended_in_the_queue_is_no_right(bare_rig, issuer, daemon, somebody):
    first, second = somebody(), somebody()
    daemon(im_max_in_flight=1)  # and one call to the issuer at once
    issuer.hold()
    ids = [first.create()]
    bare_rig.wait_for(lambda: issuer.calls(first.name) == 1, 10, "the first one's renewal")
    ids.append(second.create())
    bare_rig.wait_for(lambda: bare_rig.sql(
        "SELECT FROM credentials WHERE user_id = %s AND renewing_until > now()", (second.id,)), 10,
                      "the second one's right")
    let_the_right_end(bare_rig, second)
    daemon()

    def sent_by_the_other():
        ids.append(second.create())
        return issuer.calls(second.name) == 1
    bare_rig.wait_for(sent_by_the_other, 20, "a renewal by the other daemon")
    issuer.release()
    for id in ids:
        bare_rig.finish(id, timeout=40)
    assert issuer.calls(second.name) == 1
    assert is_kept(bare_rig, issuer, first, second)


def test_what_the_issuer_gave_is_stored_whoever_has_the_right(bare_rig, issuer, daemon, somebody):
    person = somebody()
    daemon()
    issuer.hold()
    id = person.create()
    bare_rig.wait_for(lambda: issuer.calls(person.name) == 1, 10, "the renewal")
    let_the_right_end(bare_rig, person, taken_by="another")
    issuer.release()
    bare_rig.finish(id)
    assert is_kept(bare_rig, issuer, person)
    assert bare_rig.sql("SELECT renewed_by FROM credentials WHERE user_id = %s", (person.id,)) == [("another",)]


@pytest.mark.parametrize("theirs", [None, "another one of theirs"])
def test_what_the_person_withdraws_or_replaces_is_never_written_back(bare_rig, issuer, daemon, somebody, theirs):
    person = somebody()
    daemon()
    issuer.hold()
    id = person.create()
    bare_rig.wait_for(lambda: issuer.calls(person.name) == 1, 10, "the renewal")
    bare_rig.sql("UPDATE users SET refresh_token = %s WHERE id = %s", (
        theirs and seal(bare_rig, person, theirs), person.id))
    issuer.release()
    bare_rig.finish(id)
    assert stored(bare_rig, person) == theirs


def test_a_token_that_is_sealed_anew_meanwhile_is_the_same(bare_rig, issuer, daemon, somebody):
    person = somebody()
    spent = issuer.current[person.name]
    daemon()
    issuer.hold()
    id = person.create()
    bare_rig.wait_for(lambda: issuer.calls(person.name) == 1, 10, "the renewal")
    bare_rig.sql("UPDATE users SET refresh_token = %s WHERE id = %s", (seal(bare_rig, person, spent), person.id))
    issuer.release()
    bare_rig.finish(id)
    assert is_kept(bare_rig, issuer, person)


def test_a_persons_operations_wait_for_one_renewal_and_are_not_claimed_meanwhile(bare_rig, issuer, daemon, somebody):
    person, other = somebody(), somebody(ttl=3600)
    daemon()
    issuer.hold()
    ids = [person.create() for _ in range(10)]
    bare_rig.wait_for(lambda: issuer.calls(person.name) == 1, 10, "the renewal")
    for _ in range(3):
        bare_rig.finish(other.create())
    assert lease_number(bare_rig, ids) == 1
    issuer.release()
    for id in ids:
        bare_rig.finish(id)
    assert issuer.calls() == 1


def test_another_daemons_renewal_is_looked_at_more_and_more_seldom(bare_rig, issuer, daemon, somebody):
    person = somebody()
    take_the_right(bare_rig, person, "another", 25)  # for five seconds already
    daemon()
    id = person.create()
    # A claim and the end of its step each move a lease's number: this is the first look's.
    bare_rig.wait_for(lambda: lease_number(bare_rig, [id]) <= 2 and bare_rig.sql("""SELECT FROM work
        JOIN operations USING (id)
        WHERE deployment_id = %s AND due_at BETWEEN now() + interval '2 seconds' AND now() + interval '6 seconds'""",
        (id,)), 10, "a rest of seconds")
    assert issuer.calls() == 0


def test_an_answer_is_kept_while_the_database_is_away(bare_rig, issuer, daemon, somebody):
    person = somebody()
    engine = daemon()
    issuer.hold()
    id = person.create()
    bare_rig.wait_for(lambda: issuer.calls(person.name) == 1, 10, "the renewal")
    bare_rig.stop_postgres()
    try:
        issuer.release()
        bare_rig.wait_for(lambda: "a renewal is not stored" in engine.text(), 20, "an answer that can't be stored")
    finally:
        bare_rig.start_postgres()
    bare_rig.finish(id, timeout=40)
    bare_rig.wait_for(lambda: is_kept(bare_rig, issuer, person), 10, "the stored token")


def test_a_daemon_that_ends_takes_the_answer_along(bare_rig, issuer, daemon, somebody):
    person = somebody()
    engine = daemon()
    issuer.hold()
    person.create()
    bare_rig.wait_for(lambda: issuer.calls(person.name) == 1, 10, "the renewal")
    engine.signal(signal.SIGTERM)
    issuer.release()
    engine.process.wait(10)
    assert is_kept(bare_rig, issuer, person)
