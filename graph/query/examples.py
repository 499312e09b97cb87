"""Twelve worked examples of Cypher for this graph. All of them run on both stores."""

from schemas.cypher import CypherExample

EXAMPLES = [
    CypherExample(
        "Find events by a word",
        "MATCH (e:Event) WHERE e.text CONTAINS $word RETURN e.text ORDER BY e.text LIMIT 10",
        {"word": "car"},
    ),
    CypherExample(
        "All inferences of one event",
        "MATCH (e:Event {text: $event})-[r]->(i:Inference)\n"
        "RETURN type(r) AS relation, i.text AS inference, r.p_valid AS p_valid ORDER BY relation, inference LIMIT 50",
        {"event": "PersonX buys a car"},
    ),
    CypherExample(
        "Why people do things, the best first",
        "MATCH (e:Event)-[r:xIntent]->(i:Inference)\n"
        "RETURN e.text, i.text, r.p_valid ORDER BY coalesce(r.p_valid, 0.0) DESC, e.text, i.text LIMIT 10",
    ),
    CypherExample(
        "Edges of each relation",
        "MATCH (:Event)-[r]->(:Inference) RETURN type(r) AS relation, count(*) AS edges ORDER BY edges DESC, relation",
    ),
    CypherExample(
        "The most common feelings",
        "MATCH (e:Event)-[:xReact]->(i:Inference)\n"
        "RETURN i.text AS feeling, count(e) AS events ORDER BY events DESC, feeling LIMIT 10",
    ),
    CypherExample(
        "Events that lead to a feeling",
        "MATCH (e:Event)-[:xReact]->(:Inference {text: $feeling}) RETURN e.text ORDER BY e.text LIMIT 10",
        {"feeling": "proud"},
    ),
    CypherExample(
        "Two events with the same wish",
        "MATCH (a:Event)-[:xWant]->(i:Inference)<-[:xWant]-(b:Event) WHERE a.text < b.text\n"
        "RETURN i.text AS wish, a.text, b.text ORDER BY wish, a.text, b.text LIMIT 10",
    ),
    CypherExample(
        "From one event to the next, by sure links",
        "MATCH (a:Event)-[r:xEffect|xWant|isBefore]->(:Inference)-[link:AS_EVENT]->(b:Event)\n"
        "WHERE link.confidence >= $least RETURN a.text, type(r) AS relation, b.text, link.confidence, link.rule\n"
        "ORDER BY a.text, relation, b.text LIMIT 10",
        {"least": 0.95},
    ),
    CypherExample(
        "Two steps, as a path",
        "MATCH p = (a:Event)-[:isBefore]->(i:Inference)-[:AS_EVENT]->(:Event)-[:xReact]->(b:Inference)\n"
        "RETURN p ORDER BY a.text, i.text, b.text LIMIT 3",
    ),
    CypherExample(
        "Events without a known need",
        "MATCH (e:Event) WHERE NOT EXISTS { MATCH (e)-[:xNeed]->(:Inference) } RETURN e.text ORDER BY e.text LIMIT 10",
    ),
    CypherExample(
        "What does not apply, by relation",
        "MATCH (e:Event)-[:NOT_APPLICABLE]->(k:Relation)\n"
        "RETURN k.name AS relation, count(e) AS events ORDER BY events DESC, relation",
    ),
    CypherExample(
        "Events with at least three wishes",
        "MATCH (e:Event)-[:xWant]->(i:Inference) WITH e.text AS event, collect(i.text) AS wishes\n"
        "WHERE size(wishes) >= 3 RETURN event, size(wishes) AS number ORDER BY number DESC, event LIMIT 5",
    ),
]
