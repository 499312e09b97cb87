"""How fast and how large: each module is one command that prints the ratio to the plain tools beside it.

python -m benchmarks.first_start  ten first starts on empty caches: parts up, seconds, memory, slow answers meanwhile
python -m benchmarks.service      requests a second, beside a bare FastAPI route, and while unseen events are asked
python -m benchmarks.batch        1,000 questions by `infer --input`, beside the same through clients of a service
python -m benchmarks.crowd        64 clients on unseen events: statuses and memory
python -m benchmarks.load         triples a second into a store, beside the store's own bulk import
python -m benchmarks.growth       a graph of ATOMIC-10x's size beside one of a hundredth of it
python -m benchmarks.generation   live answers: tails a second and the time of one, beside a notebook's loop
python -m benchmarks.normalise    natural sentences read as a person reads them, by kind, and the time of one
python -m benchmarks.near_duplicate         recall and false hits of the judge, beside string rules and a semantic cache
python -m benchmarks.near_duplicate_sparse  everyday events on the sample graph: how many of the answered are right
python -m benchmarks.traps        look-alikes with another meaning
python -m benchmarks.match_speed  milliseconds of a match, and vectors a second
python -m benchmarks.stores_agree the same answers from both stores
python -m benchmarks.cypher       200 Cypher queries beside the drivers alone, and a service under hostile ones
python -m benchmarks.paths        walks beside the driver and networkx, and whether a reader accepts their paths
python -m benchmarks.student_quality  the student's scores on ATOMIC-2020's evaluation

Results go to benchmarks/results/. Temporary files go where TMPDIR says and are removed.
"""
