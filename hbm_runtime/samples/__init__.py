"""Sample models: host ``.hbm`` files with the names and signatures of those that a board brings.

Their weights are small and random: scripts start and run with them, but recognise nothing.
"""

from __future__ import annotations

from hbm_runtime.samples.catalogue import BOARDS, SAMPLES, Sample
from hbm_runtime.samples.write import write_samples

__all__ = ["BOARDS", "SAMPLES", "Sample", "write_samples"]
