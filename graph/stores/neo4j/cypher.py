"""The Cypher queries of Neo4j: store and vector index. Relation names come from the enum, texts are parameters."""

from graph.links import READINGS, Reading
from graph.links.step import MOST_STEPS, UNSCORED
from graph.stores.common_cypher import EDGE_PROPERTIES, FROM_DATA, from_data
from graph.tables.edges import AS_EVENT, NOT_APPLICABLE
from schemas.triples import STUDENT

_VISIBLE = f"(EXISTS {{ (e)-[out]->() WHERE coalesce({from_data('out')}, true) }} OR NOT EXISTS {{ (e)-->() }})"
"""Condition: the event `e` has a triple of a data set. Events without any edge pass too."""
SCHEMA = [
    "CREATE CONSTRAINT event_text IF NOT EXISTS FOR (n:Event) REQUIRE n.text IS UNIQUE",
    "CREATE CONSTRAINT inference_text IF NOT EXISTS FOR (n:Inference) REQUIRE n.text IS UNIQUE",
    "CREATE CONSTRAINT relation_name IF NOT EXISTS FOR (n:Relation) REQUIRE n.name IS UNIQUE",
    "CREATE FULLTEXT INDEX event_words IF NOT EXISTS FOR (n:Event) ON EACH [n.text] "
    "OPTIONS {indexConfig: {`fulltext.analyzer`: 'english'}}",
    "CREATE INDEX event_link_key IF NOT EXISTS FOR (n:Event) ON (n.link_key)",
    *(f"CREATE INDEX inference_link_key_{r} IF NOT EXISTS FOR (n:Inference) ON (n.link_key_{r})" for r in READINGS),
]
AWAIT = "CALL db.awaitIndexes(86400)"
"""Waits up to a day, as a large index takes long. The call reports a failed index at once."""
RELATIONS = "UNWIND $rows AS row MERGE (k:Relation {name: row.name}) SET k = row"
TAILS = f"""
UNWIND $lookups AS lookup
MATCH (e:Event {{text: lookup.event}})
OPTIONAL MATCH (e)-[r]->(t)
WHERE type(r) IN lookup.relations OR (type(r) = '{NOT_APPLICABLE}' AND t.name IN lookup.relations)
WITH lookup, e, collect(CASE WHEN r IS NULL THEN null ELSE
  [CASE type(r) WHEN '{NOT_APPLICABLE}' THEN t.name ELSE type(r) END, t.text, {EDGE_PROPERTIES}] END) AS edges
WHERE lookup.generated OR {_VISIBLE}
RETURN lookup.n AS n, edges
"""
"""No row for an unknown event, or for one with generated triples only in a lookup without `generated`."""
PREFIX = (
    f"MATCH (e:Event) WHERE e.text STARTS WITH $prefix AND e.text > $after AND ($generated OR {_VISIBLE}) "
    "RETURN e.text ORDER BY e.text LIMIT $limit"
)
WORDS = (
    "CALL db.index.fulltext.queryNodes('event_words', $words) YIELD node AS e, score "
    f"WHERE e.text STARTS WITH $prefix AND ($generated OR {_VISIBLE}) "
    "RETURN e.text ORDER BY score DESC, e.text SKIP $skip LIMIT $limit"
)
VISIBLE = f"UNWIND $texts AS text MATCH (e:Event {{text: text}}) WHERE {_VISIBLE} RETURN text"
_SHOWN = f"coalesce(r.p_valid, -1.0) >= $min_p_valid AND ($generated OR {FROM_DATA})"
_STEP = "type(r), i.text, r.p_valid, r.log_prob, r.origins"
_OF_READING = """((l.reading = 'X' AND type(r) IN $of_x) OR (l.reading = 'other' AND type(r) IN $of_others))
  AND l.confidence >= $min_link"""
STEPS = f"""
UNWIND $events AS text
MATCH (h:Event {{text: text}})-[r]->(i:Inference)
WHERE type(r) IN $relations AND {_SHOWN}
OPTIONAL MATCH (i)-[l:{AS_EVENT}]->(e:Event)
WHERE {_OF_READING} AND ($generated OR {_VISIBLE})
WITH * WHERE $leaves OR e IS NOT NULL
RETURN text, {_STEP}, e.text, l.confidence, l.rule
"""
STEPS_TO = f"""
UNWIND [text IN $events | [text, true]] + [text IN $tails | [text, false]] AS target
CALL (target) {{
  WITH target WHERE target[1]
  MATCH (e:Event {{text: target[0]}})<-[l:{AS_EVENT}]-(i:Inference)<-[r]-(h:Event)
  WHERE type(r) IN $relations AND {_SHOWN} AND {_OF_READING}
  RETURN h, r, i, l, e
  ORDER BY coalesce(r.p_valid, {UNSCORED}) * l.confidence DESC, h.text, type(r), i.text LIMIT {MOST_STEPS}
  UNION
  WITH target WHERE NOT target[1]
  MATCH (i:Inference {{text: target[0]}})<-[r]-(h:Event)
  WHERE type(r) IN $relations AND {_SHOWN}
  RETURN h, r, i, null AS l, null AS e
  ORDER BY coalesce(r.p_valid, {UNSCORED}) DESC, h.text, type(r), i.text LIMIT {MOST_STEPS}
}}
RETURN h.text, {_STEP}, e.text, l.confidence, l.rule
"""
EDGES_OF = f"""
UNWIND $heads AS head
MATCH (e:Event {{text: head}})-[r]->(t)
RETURN head, CASE type(r) WHEN '{NOT_APPLICABLE}' THEN t.name ELSE type(r) END, t.text, {EDGE_PROPERTIES}
"""
LOCK_EVENTS = "UNWIND $texts AS text MERGE (e:Event {text: text}) SET e.text = text"
"""Creates missing events, and locks all of them until the end of the transaction."""
ADD_INFERENCES = "UNWIND $texts AS text MERGE (:Inference {text: text})"
ADD_EDGES = """
UNWIND $rows AS row
MATCH (e:Event {text: row[0]}) MATCH (t:Inference {text: row[2]})
CREATE (e)-[r:$(row[1])]->(t) SET r = row[3]
"""
ADD_NONES = f"""
UNWIND $rows AS row
MATCH (e:Event {{text: row[0]}}) MATCH (t:Relation {{name: row[1]}})
CREATE (e)-[r:{NOT_APPLICABLE}]->(t) SET r = row[3]
"""
SET_EDGES = """
UNWIND $rows AS row
MATCH (e:Event {text: row[0]})-[r:$(row[1])]->(t:Inference {text: row[2]}) SET r = row[3]
"""
SET_NONES = f"""
UNWIND $rows AS row
MATCH (e:Event {{text: row[0]}})-[r:{NOT_APPLICABLE}]->(t:Relation {{name: row[1]}}) SET r = row[3]
"""
SET_SCORES = """
UNWIND $rows AS row
MATCH (:Event {text: row[0]})-[r:$(row[1])]->(:Inference {text: row[2]})
WHERE coalesce(r.p_valid, -1.0) = row[3] AND coalesce(r.critic, '') = row[4]
SET r.p_valid = row[5], r.critic = $critic
RETURN count(r)
"""
"""Rows whose scores have changed stay as they are. -1 and '' stand for null."""
HEADS_OF = "MATCH (e:Event)-[r]->() WHERE $origin IN r.origins RETURN DISTINCT e.text"
ORIGINS = "MATCH (:Event)-[r]->() UNWIND r.origins AS name RETURN DISTINCT name"
LOCK_EXISTING = "UNWIND $texts AS text MATCH (e:Event {text: text}) SET e.text = text"
LOCK_ENDS = """
UNWIND $texts AS text
MATCH (:Event {text: text})-[r]->(i:Inference) WHERE $origin IN r.origins
WITH DISTINCT i ORDER BY i.text SET i.text = i.text
RETURN i.text
"""
FORGET_EDGES = f"""
UNWIND $texts AS text
MATCH (:Event {{text: text}})-[r]->() WHERE $origin IN r.origins
WITH r, [name IN r.origins WHERE name <> $origin] AS others
SET r.origins = others
SET r.log_prob = CASE WHEN any(name IN others WHERE name STARTS WITH '{STUDENT}') THEN r.log_prob END
WITH r, type(r) = '{NOT_APPLICABLE}' AS is_none, size(others) = 0 AS is_last
FOREACH (_ IN CASE WHEN is_last THEN [1] ELSE [] END | DELETE r)
RETURN count(CASE WHEN is_last AND NOT is_none THEN 1 END), count(CASE WHEN is_last AND is_none THEN 1 END),
  count(CASE WHEN NOT is_last THEN 1 END)
"""
FORGET_INFERENCES = """
UNWIND $texts AS text
MATCH (i:Inference {text: text}) WHERE NOT EXISTS { (i)<--() }
DETACH DELETE i
RETURN count(*)
"""
FORGET_EVENTS = """
UNWIND $texts AS text
MATCH (e:Event {text: text}) WHERE NOT EXISTS { (e)-->() }
DETACH DELETE e
RETURN count(*)
"""
SET_EVENT_KEYS = "UNWIND $rows AS row MATCH (e:Event {text: row[0]}) SET e.link_key = row[1]"
EVENT_KEYS = "MATCH (e:Event) RETURN e.text, e.link_key"
SET_TAIL_KEYS = "UNWIND $rows AS row MATCH (i:Inference {text: row[0]}) SET " + ", ".join(
    f"i.link_key_{reading} = row[{n}]" for n, reading in enumerate(READINGS, 1)
)
TAIL_KEYS = "MATCH (i:Inference) RETURN i.text, " + ", ".join(f"i.link_key_{reading}" for reading in READINGS)
EVENTS_OF_KEYS = "UNWIND $keys AS key MATCH (e:Event {link_key: key}) RETURN e.text"
SHOWN_EVENTS_OF_KEYS = (
    f"UNWIND $keys AS key MATCH (e:Event {{link_key: key}}) WHERE $generated OR {_VISIBLE} RETURN e.text"
)
LINKS = f"MATCH (i:Inference)-[r:{AS_EVENT}]->(e:Event) RETURN i.text, e.text, r.confidence, r.rule, r.reading"
ADD_AS_EVENT = f"""
UNWIND $rows AS row
MATCH (i:Inference {{text: row[0]}}) MATCH (e:Event {{text: row[1]}})
CREATE (i)-[:{AS_EVENT} {{confidence: row[2], rule: row[3], reading: row[4]}}]->(e)
"""
REMOVE_AS_EVENT = f"""
UNWIND $rows AS row
MATCH (i:Inference {{text: row[0]}}) SET i.text = i.text
WITH i, row MATCH (i)-[r:{AS_EVENT}]->(:Event) WHERE r.reading = row[1] DELETE r
"""
"""Locks the inferences until the end of the transaction."""
REMOVE_LINKS = f"""
UNWIND $rows AS row
MATCH (:Inference {{text: row[0]}})-[r:{AS_EVENT}]->(:Event {{text: row[1]}})
WHERE coalesce(r.reading, '') = row[2] DELETE r
"""
VECTOR_INDEX = "event_vector"
VECTOR_PAGE = 10_000
EMBEDDER = f"MATCH (m:EventIndex {{name: '{VECTOR_INDEX}'}}) RETURN m.format, m.embedder, m.version, m.dimension"
SET_EMBEDDER = f"MERGE (m:EventIndex {{name: '{VECTOR_INDEX}'}}) SET m += $properties"
DROP_VECTOR_INDEX = f"DROP INDEX {VECTOR_INDEX} IF EXISTS"
VECTOR_INDEX_STATE = f"SHOW INDEXES YIELD name, state WHERE name = '{VECTOR_INDEX}' RETURN state"
REMOVE_VECTORS = "MATCH (e:Event) WHERE e.embedding IS NOT NULL WITH e LIMIT $limit REMOVE e.embedding RETURN count(*)"
NEAREST = f"""
UNWIND range(0, size($vectors) - 1) AS n
CALL (n) {{
  CALL db.index.vector.queryNodes('{VECTOR_INDEX}', $beam, $vectors[n]) YIELD node AS e, score
  WHERE $generated OR {_VISIBLE}
  RETURN e ORDER BY score DESC LIMIT $k
}}
RETURN n, e.text, e.embedding
"""
VECTORS = """
UNWIND $texts AS text
MATCH (e:Event {text: text}) WHERE e.embedding IS NOT NULL
RETURN text, e.embedding
"""
MISSING_OF = "UNWIND $texts AS text MATCH (e:Event {text: text}) WHERE e.embedding IS NULL RETURN text"
MISSING = "MATCH (e:Event) WHERE e.embedding IS NULL RETURN e.text"
ADD_VECTORS = """
UNWIND $rows AS row
MATCH (e:Event {text: row[0]}) WHERE e.embedding IS NULL
CALL db.create.setNodeVectorProperty(e, 'embedding', row[1])
"""
COUNT_VECTORS = "MATCH (e:Event) WHERE e.embedding IS NOT NULL RETURN count(e)"


def set_tail_keys(reading: Reading) -> str:
    """Set the link key of tails in a reading."""
    return f"UNWIND $rows AS row MATCH (i:Inference {{text: row[0]}}) SET i.link_key_{reading} = row[1]"


def unlink(reading: Reading) -> str:
    """Remove the link key and the links of tails that have no edge of $relations, those of a reading."""
    return f"""
UNWIND $texts AS text
MATCH (i:Inference {{text: text}}) WHERE NOT EXISTS {{ (i)<-[r]-(:Event) WHERE type(r) IN $relations }}
REMOVE i.link_key_{reading}
WITH i MATCH (i)-[r:{AS_EVENT} {{reading: '{reading}'}}]->(:Event) DELETE r
"""


def tails_of_keys(reading: Reading) -> str:
    """The tails with a key in a reading."""
    return f"UNWIND $keys AS key MATCH (i:Inference {{link_key_{reading}: key}}) RETURN i.text"


def distinct_tails(relation: str) -> str:
    """The tails of a relation, each once."""
    return f"MATCH (:Event)-[:`{relation}`]->(i:Inference) RETURN DISTINCT i.text"


def vector_index(dimension: int) -> str:
    """Statement for the vector index. Without quantization: rounding misses neighbors."""
    return (
        f"CREATE VECTOR INDEX {VECTOR_INDEX} IF NOT EXISTS FOR (e:Event) ON (e.embedding) OPTIONS {{indexConfig: {{"
        f"`vector.dimensions`: {dimension:d}, `vector.similarity_function`: 'cosine', "
        "`vector.quantization.enabled`: false}}"
    )
