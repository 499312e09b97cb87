"""The metrics of /metrics (Prometheus)."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from schemas.infer import Answer, Source
from service.runtime.judge import Finder
from service.runtime.resources import House
from service.runtime.retriever import Proposer
from service.runtime.student import Generation

_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)


class Metrics:
    """The numbers that /metrics shows, of one application."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.requests = Counter(
            "cometgraph_requests", "Requests answered.", ["route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "cometgraph_request_seconds", "Time to answer.", ["route"], buckets=_BUCKETS, registry=self.registry
        )
        self.in_flight = Gauge("cometgraph_requests_in_flight", "Requests being answered.", registry=self.registry)
        self.answers = Counter(
            "cometgraph_answers", "Questions answered, by the rung that did.", ["source"], registry=self.registry
        )
        self._from_cache = Counter(
            "cometgraph_answers_from_cache", "Answers that were ready in memory.", registry=self.registry
        )
        self._seen: dict[tuple[str, int], tuple[Counter, Histogram]] = {}

    def answered(self, answer: Answer) -> None:
        """Count one answer."""
        self.answers.labels(answer.source).inc()

    def answered_from_cache(self, source: Source) -> None:
        """Count one cached answer, which is an answer like others, too."""
        self.answers.labels(source).inc()
        self._from_cache.inc()

    def watch(self, house: House) -> None:
        """Have /metrics tell of the parts of this house, too."""
        if house.generation is not None:
            self.registry.register(Student(house.generation))
        if house.proposer is not None:
            self.registry.register(Vectors(house.proposer))
        if house.finder is not None:
            self.registry.register(Judge(house.finder))

    def count(self, route: str, status: int, seconds: float) -> None:
        """Count one request."""
        key = (route, status)
        if key not in self._seen:
            self._seen[key] = (self.requests.labels(route, status), self.seconds.labels(route))
        requests, histogram = self._seen[key]
        requests.inc()
        histogram.observe(seconds)


class Student(Collector):
    """The student's numbers, read when they are asked for."""

    def __init__(self, generation: Generation) -> None:
        self._generation = generation

    def collect(self) -> Iterable[Metric]:
        batchers = (self._generation.batcher, self._generation.sampler_batcher)
        up = float(self._generation.student.state == "up")

        def total(name: str) -> float:
            return sum(getattr(batcher.watched, name) for batcher in batchers)

        yield GaugeMetricFamily("cometgraph_student_up", "1 where the student can be asked.", up)
        yield GaugeMetricFamily(
            "cometgraph_student_waiting", "Relations that wait or are being written.", sum(b.depth for b in batchers)
        )
        for name, help_, value in (
            ("batches", "Batches written.", total("batches")),
            ("written", "Relations of events written.", total("items")),
            ("shared", "Askers that got what another had asked for.", total("shared")),
            ("dropped", "Relations not written because nobody waited any more.", total("dropped")),
            ("refused", "Relations refused because the queue was full.", total("refused")),
            ("failed", "Relations that failed.", total("failed")),
            ("seconds", "Time spent writing, in seconds.", total("seconds")),
            (
                "out_of_memory",
                "Batches too large for the GPU's memory, written in halves.",
                self._generation.out_of_memory,
            ),
        ):
            yield CounterMetricFamily(f"cometgraph_student_{name}", help_, value)


class Vectors(Collector):
    """The numbers of the index of events and its embedder, read when they are asked for."""

    def __init__(self, proposer: Proposer) -> None:
        self._proposer = proposer

    def collect(self) -> Iterable[Metric]:
        batcher, watched = self._proposer.batcher, self._proposer.batcher.watched
        up = float(self._proposer.state == "up")
        yield GaugeMetricFamily("cometgraph_index_up", "1 where the index of events can be asked.", up)
        yield GaugeMetricFamily("cometgraph_index_events", "Events with a vector.", self._proposer.events)
        yield GaugeMetricFamily("cometgraph_embedder_waiting", "Texts that wait or are being embedded.", batcher.depth)
        for name, help_, value in (
            ("batches", "Batches embedded.", watched.batches),
            ("embedded", "Texts embedded.", watched.items),
            ("remembered", "Texts whose vector was in memory.", self._proposer.hits),
            ("refused", "Texts refused because the queue was full.", watched.refused),
            ("failed", "Texts that failed.", watched.failed),
            ("seconds", "Time spent embedding, in seconds.", watched.seconds),
        ):
            yield CounterMetricFamily(f"cometgraph_embedder_{name}", help_, value)


class Judge(Collector):
    """The numbers of the judge of near-duplicates, read when they are asked for."""

    def __init__(self, finder: Finder) -> None:
        self._finder = finder

    def collect(self) -> Iterable[Metric]:
        batcher, watched = self._finder.batcher, self._finder.batcher.watched
        up = float(self._finder.judge.state == "up")
        yield GaugeMetricFamily("cometgraph_judge_up", "1 where the judge can be asked.", up)
        yield GaugeMetricFamily("cometgraph_judge_waiting", "Events that wait or are being judged.", batcher.depth)
        for name, help_, value in (
            ("batches", "Batches judged.", watched.batches),
            ("judged", "Events whose candidates were judged.", watched.items),
            ("refused", "Events refused because the queue was full.", watched.refused),
            ("failed", "Events that failed.", watched.failed),
            ("seconds", "Time spent judging, in seconds.", watched.seconds),
        ):
            yield CounterMetricFamily(f"cometgraph_judge_{name}", help_, value)
