"""Dense-block detectors from the literature, to ask of made-up trade what a bank would ask of real trade.

They see what a bank sees (card, merchant, amount, day, limit) and nothing of the engine. They judge the simulator, and
are what the engine is compared with; no decision is taken by them.
"""

from __future__ import annotations

from bonafide.testing.dense_blocks.bank_view import BankView, bank_view
from bonafide.testing.dense_blocks.blocks import Blocks, find_blocks
from bonafide.testing.dense_blocks.graph import Graph, graph_of

__all__ = ["BankView", "Blocks", "Graph", "bank_view", "find_blocks", "graph_of"]
