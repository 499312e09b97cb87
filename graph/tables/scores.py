"""The order of scores for the merge: `p_valid` and its critic belong together, and are chosen together.

A score that came with a data set, without a critic's name, is the greatest. Among the others the higher one is greater,
and of equal ones the last name.
"""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


class Scores:
    """The scores of some rows.

    ranks: the rank of each row's score, null without one. The greater rank wins.
    """

    def __init__(self, rows: pa.Table) -> None:
        p_valid, critic = (rows.column(name).combine_chunks() for name in ("p_valid", "critic"))
        self._critics = pa.array(sorted(pc.unique(critic.drop_null()).to_pylist()), pa.string())
        if not len(self._critics):  # most loads: no row names a critic
            self.ranks = p_valid
            return
        is_null = pc.is_null(p_valid)
        values, places = np.unique(pc.fill_null(p_valid, 0.0).to_numpy(zero_copy_only=False), return_inverse=True)
        self._values = pa.array(values)
        codes = pc.fill_null(pc.index_in(critic, self._critics), len(self._critics)).to_numpy()
        is_own = codes == len(self._critics)
        ranks = (is_own * len(values) + places) * (len(self._critics) + 1) + codes
        self.ranks = pa.array(ranks.astype(np.int64), mask=is_null.to_numpy(zero_copy_only=False))

    def of(self, ranks: Any) -> tuple[pa.Array, pa.Array]:
        """p_valid and critic of each rank."""
        if not len(self._critics):
            return ranks, pa.nulls(len(ranks), pa.string())
        codes = len(self._critics) + 1
        numbers = pc.fill_null(ranks, 0).to_numpy()
        mask = pc.is_null(ranks).to_numpy(zero_copy_only=False)
        places = pa.array(numbers // codes % len(self._values), mask=mask)
        critics = pa.array(numbers % codes, mask=mask | (numbers % codes == len(self._critics)))
        return pc.take(self._values, places), pc.take(self._critics, critics)
