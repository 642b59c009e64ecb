"""Checks a hosted Open Badges 2.0 assertion with 1EdTech's own validator, and prints its report as JSON.

    open_badges.py URL
"""

import collections
import collections.abc
import json
import sys

# The validator was written when these names still stood in `collections`.
for name in ("Callable", "Iterable", "Mapping", "MutableMapping", "Sequence", "Set"):
    setattr(collections, name, getattr(collections.abc, name))

from openbadges import verifier  # noqa: E402

print(json.dumps(verifier.verify(sys.argv[1])["report"]))
