"""One training sequence for all triples of a head, as a tree.

The triples of a head share its text. Those of a relation share the relation's words, and many tails their first words.
A trie over the tokens holds each shared part once. A token attends to its ancestors alone, and its position is its
depth. So the loss equals the loss of separate sequences (ATOMIC, plain prompt: 4.8 tokens a triple, 12.9 separately).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

MAX_NODES = 256
"""Nodes of the largest tree. A larger head becomes several trees."""


@dataclass(frozen=True, slots=True)
class PrefixTree:
    """A trie, with the tokens to predict.

    tokens, parents, depths: (nodes,), parents[0] = -1.
    sources, targets, counts: (predictions,). Target token i follows node sources[i] counts[i] times.
    """

    tokens: Ints
    parents: Ints
    depths: Ints
    sources: Ints
    targets: Ints
    counts: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.tokens)


@dataclass(slots=True)
class _Trie:
    tokens: list[int] = field(default_factory=list[int])
    parents: list[int] = field(default_factory=list[int])
    depths: list[int] = field(default_factory=list[int])
    children: dict[tuple[int, int], int] = field(default_factory=dict[tuple[int, int], int])
    seen: dict[tuple[int, int], float] = field(default_factory=dict[tuple[int, int], float])

    def add(self, prompt: Sequence[int], tail: Sequence[int], end: int) -> None:
        node = -1
        for token in prompt:
            node = self._child(node, token)
        for token in tail:
            self.seen[node, token] = self.seen.get((node, token), 0.0) + 1.0
            node = self._child(node, token)
        # The end token is a target only, never an input.
        self.seen[node, end] = self.seen.get((node, end), 0.0) + 1.0

    def _child(self, parent: int, token: int) -> int:
        node = self.children.get((parent, token))
        if node is None:
            node = self.children[parent, token] = len(self.tokens)
            self.tokens.append(token)
            self.parents.append(parent)
            self.depths.append(0 if parent < 0 else self.depths[parent] + 1)
        return node

    def tree(self) -> PrefixTree:
        sources, targets = zip(*self.seen, strict=True)
        return PrefixTree(
            np.array(self.tokens),
            np.array(self.parents),
            np.array(self.depths),
            np.array(sources),
            np.array(targets),
            np.array(list(self.seen.values()), np.float32),
        )


def build_trees(sequences: Sequence[tuple[Sequence[int], Sequence[int]]], end: int) -> Iterator[PrefixTree]:
    """The trees of one head, from its (prompt, tail) token lists. end: the end token."""
    trie = _Trie()
    for prompt, tail in sequences:
        if trie.tokens and len(trie.tokens) + len(prompt) + len(tail) > MAX_NODES:
            yield trie.tree()
            trie = _Trie()
        trie.add(prompt, tail, end)
    if trie.tokens:
        yield trie.tree()


@dataclass(frozen=True, slots=True)
class Batch:
    """The inputs and targets of one step.

    tokens, positions: (trees, nodes).
    attention: (trees, nodes, nodes), True if the row's node attends to the column's.
    rows: (predictions,) indices into the flattened (trees * nodes).
    targets, counts: (predictions,) the token after that node, and its frequency.
    """

    tokens: Ints
    positions: Ints
    attention: npt.NDArray[np.bool_]
    rows: Ints
    targets: Ints
    counts: npt.NDArray[np.float32]


def collate(trees: Sequence[PrefixTree]) -> Batch:
    """One batch of trees, padded to the largest."""
    nodes = max(map(len, trees))
    tokens = np.zeros((len(trees), nodes), np.int64)
    positions = np.zeros_like(tokens)
    attention = np.zeros((len(trees), nodes, nodes), np.bool_)
    attention[:] = np.eye(nodes, dtype=np.bool_)  # padding attends to itself: an empty row would be NaN
    for n, tree in enumerate(trees):
        tokens[n, : len(tree)] = tree.tokens
        positions[n, : len(tree)] = tree.depths
        for node, parent in enumerate(tree.parents.tolist()):
            if parent >= 0:
                attention[n, node] |= attention[n, parent]
    return Batch(
        tokens,
        positions,
        attention,
        np.concatenate([n * nodes + tree.sources for n, tree in enumerate(trees)]),
        np.concatenate([tree.targets for tree in trees]),
        np.concatenate([tree.counts for tree in trees]),
    )


def batches(trees: Sequence[PrefixTree], tokens: int, seed: Sequence[int]) -> list[list[int]]:
    """Indices of trees, in batches of at most `tokens` nodes.

    A batch holds trees of nearly equal size. The seed decides the order of the batches.
    """
    random = np.random.default_rng(seed)
    # Sorting with noise mixes neighbours differently in each epoch, and padding stays near 1%.
    noisy = np.array([len(tree) for tree in trees]) * random.uniform(0.97, 1.03, len(trees))
    parts: list[list[int]] = []
    batch: list[int] = []
    longest = 0
    for index in np.argsort(noisy, kind="stable").tolist():
        longest = max(longest, len(trees[index]))
        if batch and longest * (len(batch) + 1) > tokens:
            parts.append(batch)
            batch, longest = [], len(trees[index])
        batch.append(index)
    parts.append(batch)
    return [parts[n] for n in random.permutation(len(parts))]
