"""Places in other projects: each module here plugs models of this runtime into one of them.

Nothing is imported from those projects before their module here is used, and none is needed otherwise.
"""

from __future__ import annotations
