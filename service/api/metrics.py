"""The metrics of /metrics (Prometheus)."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from schemas.infer import Answer, Source
from service.runtime.judge import JudgeRuntime
from service.runtime.resources import Resources
from service.runtime.retriever import Retriever
from service.runtime.student import StudentRuntime

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

    def watch(self, resources: Resources) -> None:
        """Add the metrics of these parts."""
        if resources.student is not None:
            self.registry.register(StudentMetrics(resources.student))
        if resources.retriever is not None:
            self.registry.register(RetrieverMetrics(resources.retriever))
        if resources.judge is not None:
            self.registry.register(JudgeMetrics(resources.judge))

    def count(self, route: str, status: int, seconds: float) -> None:
        """Count one request."""
        key = (route, status)
        if key not in self._seen:
            self._seen[key] = (self.requests.labels(route, status), self.seconds.labels(route))
        requests, histogram = self._seen[key]
        requests.inc()
        histogram.observe(seconds)


class StudentMetrics(Collector):
    """The student's numbers, read when they are asked for."""

    def __init__(self, runtime: StudentRuntime) -> None:
        self._runtime = runtime

    def collect(self) -> Iterable[Metric]:
        batchers = (self._runtime.batcher, self._runtime.sampler_batcher)
        up = float(self._runtime.model.state == "up")

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
                self._runtime.out_of_memory,
            ),
        ):
            yield CounterMetricFamily(f"cometgraph_student_{name}", help_, value)


class RetrieverMetrics(Collector):
    """The numbers of the index of events and its embedder, read when they are asked for."""

    def __init__(self, retriever: Retriever) -> None:
        self._retriever = retriever

    def collect(self) -> Iterable[Metric]:
        batcher, watched = self._retriever.batcher, self._retriever.batcher.watched
        up = float(self._retriever.state == "up")
        yield GaugeMetricFamily("cometgraph_index_up", "1 where the index of events can be asked.", up)
        yield GaugeMetricFamily("cometgraph_index_events", "Events with a vector.", self._retriever.events)
        yield GaugeMetricFamily("cometgraph_embedder_waiting", "Texts that wait or are being embedded.", batcher.depth)
        for name, help_, value in (
            ("batches", "Batches embedded.", watched.batches),
            ("embedded", "Texts embedded.", watched.items),
            ("remembered", "Texts whose vector was in memory.", self._retriever.hits),
            ("refused", "Texts refused because the queue was full.", watched.refused),
            ("failed", "Texts that failed.", watched.failed),
            ("seconds", "Time spent embedding, in seconds.", watched.seconds),
        ):
            yield CounterMetricFamily(f"cometgraph_embedder_{name}", help_, value)


class JudgeMetrics(Collector):
    """The numbers of the judge of near-duplicates, read when they are asked for."""

    def __init__(self, judge: JudgeRuntime) -> None:
        self._judge = judge

    def collect(self) -> Iterable[Metric]:
        batcher, watched = self._judge.batcher, self._judge.batcher.watched
        up = float(self._judge.model.state == "up")
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
