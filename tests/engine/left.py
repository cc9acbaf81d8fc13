# Licensed under the Apache License, Version 2.0; see LICENSE.
"""How a daemon names what is left at IM."""

import re


def left(rig, what, provider="cloud-a", reason="."):
    """The sentence that names it, as a pattern."""
    return r"%s may be left at IM %s \(provider %s\): .*%s" % (what, re.escape(rig.im_url.rstrip("/")), provider,
                                                               reason)


def lines_about(rig, id):
    """What the daemons logged of a deployment."""
    return [line for one in rig.engines for line in one.text().splitlines() if id in line]


def wait_for_warning(rig, id, sentence):
    """Waits for a daemon's warning about a deployment."""
    def look():
        lines = lines_about(rig, id)
        assert any(re.match("4 deployment %s: %s" % (id, sentence), line) for line in lines), lines
        return True
    rig.wait_for(look, 15, "a warning like %r" % sentence)
