"""Shapes and attributes that fit each other, of operators that refuse almost everything else."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

RECURRENT = {"GRU": 3, "LSTM": 4, "RNN": 1}
"""Gates by operator."""


@dataclass(frozen=True)
class Sizes:
    """What the shapes of one node are made of.

    Attributes:
        length: Steps, tokens, or what is looked up.
        batch: How many of them are independent.
        width: The features of each of them.
        hidden: Units, or features.
        directions: 2 where a layer runs backwards, too.
    """

    length: int
    batch: int
    width: int
    hidden: int
    directions: int

    @classmethod
    def chosen(cls, chance: random.Random) -> Sizes:
        """Small ones; some are 0."""
        length, batch, width, hidden = (chance.choice((0, 1, 1, 2, 3)) for _ in range(4))
        return cls(length, batch, width, hidden, chance.choice((1, 1, 2)))


Shape = tuple[int, ...]
_ROWS = 4
ROWS = dict.fromkeys(("EmbedLayerNormalization", "QEmbedLayerNormalization", "GatherBlockQuantized"), _ROWS)
"""How many rows the tables have of operators that look rows up by their numbers."""


def _recurrent(gates: int) -> Callable[[Sizes], list[Shape]]:
    def shapes(sizes: Sizes) -> list[Shape]:
        units = gates * sizes.hidden
        state = (sizes.directions, sizes.batch, sizes.hidden)
        return [(sizes.length, sizes.batch, sizes.width), (sizes.directions, units, sizes.width),
                (sizes.directions, units, sizes.hidden), (sizes.directions, 2 * units), (sizes.batch,), state, state,
                (sizes.directions, 3 * sizes.hidden)]  # fmt: skip

    return shapes


def _embedding(sizes: Sizes) -> list[Shape]:
    tokens, table, features = (sizes.batch, sizes.length), (_ROWS, sizes.hidden), (sizes.hidden,)
    return [tokens, tokens, table, table, table, features, features, tokens, tokens]


def _quantised_embedding(sizes: Sizes) -> list[Shape]:
    return _embedding(sizes)[:8] + [(1,)] * 10


def _blocks(sizes: Sizes) -> list[Shape]:
    one_block = (_ROWS, sizes.width, 1)
    return [(_ROWS, sizes.width, 8 * sizes.hidden), (sizes.batch, sizes.length), one_block, one_block]


SHAPES: dict[str, Callable[[Sizes], list[Shape]]] = {
    **{name: _recurrent(gates) for name, gates in RECURRENT.items()},
    "EmbedLayerNormalization": _embedding,
    "QEmbedLayerNormalization": _quantised_embedding,
    "GatherBlockQuantized": _blocks,
}
"""Shapes of the inputs by operator."""


def shape(operator: str, index: int, sizes: Sizes) -> Shape:
    """The shape that fits; that of a scalar for an input that the operator does not have."""
    shapes = SHAPES[operator](sizes)
    return shapes[index] if index < len(shapes) else ()


def attributes(operator: str, sizes: Sizes, chance: random.Random) -> dict[str, Any] | None:
    """Attributes that fit those shapes; None where any do, or none has to."""
    if operator in RECURRENT:
        return {"hidden_size": sizes.hidden, **({"direction": "bidirectional"} if sizes.directions == 2 else {})}
    if operator == "GatherBlockQuantized":
        axes = {"gather_axis": chance.choice((0, 0, 0, 1, 2, -3)), "quantize_axis": chance.choice((2, 2, 1, -1))}
        return {**axes, "block_size": chance.choice((16, 64, 128)), "bits": chance.choice((4, 4, 8))}
    return None
