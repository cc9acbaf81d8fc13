# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Starts the real IM with the configuration file that is its one argument (im_service itself takes none)."""

import sys

from IM import config

config.config.read(sys.argv.pop(1))
config.parse_options(config.config, "im", config.Config)

from IM.im_service import main  # noqa: E402  (it takes the port when it is imported)

main()
