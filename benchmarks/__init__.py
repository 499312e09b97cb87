"""How fast and how large: each module is one command that prints the ratio to the plain tools beside it.

python -m benchmarks.first_start  ten first starts on empty caches: parts up, seconds, memory, slow answers meanwhile
python -m benchmarks.service      requests a second, beside a bare FastAPI route, and while unseen events are asked
python -m benchmarks.batch        1,000 questions by `infer --input`, beside the same through clients of a service
python -m benchmarks.crowd        64 clients on unseen events: statuses and memory
python -m benchmarks.load         triples a second into a store, beside the store's own bulk import
python -m benchmarks.growth       a graph of ATOMIC-10x's size beside one of a hundredth of it
python -m benchmarks.generation   live answers: tails a second and the time of one, beside a notebook's loop

Results go to benchmarks/results/. Temporary files go where TMPDIR says and are removed.
"""
