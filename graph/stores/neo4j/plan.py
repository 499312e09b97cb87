"""The second fence of strangers' Cypher on Neo4j: the plan. Every operator and procedure is on a list.

A READ session is not enough: LOAD CSV, SHOW TRANSACTIONS and db.stats.retrieve, with the texts of other people's
queries, count as reads, and an escaped or quoted name reaches them. The plan has the names that are called.
"""

from collections.abc import Mapping
from typing import Any

from graph.query.functions import PROCEDURES

_NAMES = """
AllNodesScan NodeByLabelScan UnionNodeByLabelsScan IntersectionNodeByLabelsScan SubtractionNodeByLabelsScan
NodeIndexScan NodeIndexSeek NodeUniqueIndexSeek NodeIndexSeekByRange NodeUniqueIndexSeekByRange NodeIndexContainsScan
NodeIndexEndsWithScan MultiNodeIndexSeek NodeByIdSeek NodeByElementIdSeek
DirectedRelationshipTypeScan UndirectedRelationshipTypeScan DirectedUnionRelationshipTypesScan
UndirectedUnionRelationshipTypesScan DirectedAllRelationshipsScan UndirectedAllRelationshipsScan
NodeCountFromCountStore RelationshipCountFromCountStore
Expand(All) Expand(Into) OptionalExpand(All) OptionalExpand(Into) VarLengthExpand(All) VarLengthExpand(Into)
VarLengthExpand(Pruning) VarLengthExpand(Pruning,BFS) VarLengthExpand(Pruning,BFS,All) VarLengthExpand(Pruning,BFS,Into)
Repeat(Trail) Repeat(Walk) BidirectionalRepeat(Trail) NullifyMetadata PathPropagatingBFS
ShortestPath StatefulShortestPath(All) StatefulShortestPath(Into) ProjectEndpoints
Apply SemiApply AntiSemiApply LetSemiApply LetAntiSemiApply SelectOrSemiApply SelectOrAntiSemiApply
LetSelectOrSemiApply LetSelectOrAntiSemiApply ConditionalApply AntiConditionalApply RollUpApply AssertSameNode
AssertSameRelationship
Filter CacheProperties Projection Argument EmptyResult EmptyRow ProduceResults Optional Eager
Aggregation EagerAggregation OrderedAggregation Distinct OrderedDistinct Union OrderedUnion
Sort PartialSort Top PartialTop Top1WithTies Limit ExhaustiveLimit Skip Unwind
CartesianProduct NodeHashJoin ValueHashJoin NodeLeftOuterHashJoin NodeRightOuterHashJoin TriadicSelection
TriadicBuild TriadicFilter
"""
"""The reading operators of Neo4j 5. A missing one refuses a harmless query, and the refusal names it."""
_OPERATORS = frozenset(_NAMES.split())


def forbidden(plan: Mapping[str, Any]) -> str | None:
    """The first operator or procedure of a plan outside the lists. None: the plan passes."""
    waiting: list[Mapping[str, Any]] = [plan]
    while waiting:
        step = waiting.pop()
        operator = str(step["operatorType"]).partition("@")[0]
        if operator == "ProcedureCall":
            name = str(step.get("args", {}).get("Details", "")).partition("(")[0].strip()
            if name.lower() not in PROCEDURES["neo4j"]:
                return f"the procedure {name}"
        elif operator not in _OPERATORS:
            return f"the operator {operator}"
        waiting += step.get("children", ())
    return None
