"""The metrics of /metrics (Prometheus)."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from schemas.infer import Answer, Source
from service.runtime.critic import CriticRuntime
from service.runtime.judge import JudgeRuntime
from service.runtime.resources import Resources
from service.runtime.retriever import Retriever
from service.runtime.student import StudentRuntime

_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)


class Metrics:
    """The metrics of one application."""

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
            "cometgraph_answers", "Questions answered, by source.", ["source"], registry=self.registry
        )
        self._from_cache = Counter(
            "cometgraph_answers_from_cache", "Answers from the cache in memory.", registry=self.registry
        )
        self._seen: dict[tuple[str, int], tuple[Counter, Histogram]] = {}

    def answered(self, answer: Answer) -> None:
        """Count one answer."""
        self.answers.labels(answer.source).inc()

    def answered_from_cache(self, source: Source) -> None:
        """Count one cached answer, among all answers too."""
        self.answers.labels(source).inc()
        self._from_cache.inc()

    def watch(self, resources: Resources) -> None:
        """Add the metrics of student, critic, index and judge."""
        if resources.student is not None:
            self.registry.register(StudentMetrics(resources.student))
        if resources.critic is not None:
            self.registry.register(CriticMetrics(resources.critic))
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
    """The metrics of the student, read at each scrape."""

    def __init__(self, runtime: StudentRuntime) -> None:
        self._runtime = runtime

    def collect(self) -> Iterable[Metric]:
        batchers = (self._runtime.batcher, self._runtime.sampler_batcher)
        up = float(self._runtime.model.state == "up")

        def total(name: str) -> float:
            return sum(getattr(batcher.watched, name) for batcher in batchers)

        yield GaugeMetricFamily("cometgraph_student_up", "1 if the student is up.", up)
        yield GaugeMetricFamily(
            "cometgraph_student_waiting", "Relations waiting or being generated.", sum(b.depth for b in batchers)
        )
        for name, help_, value in (
            ("batches", "Batches generated.", total("batches")),
            ("written", "Relations of events generated.", total("items")),
            ("shared", "Requests that shared the result of another.", total("shared")),
            ("dropped", "Relations dropped because every client had disconnected.", total("dropped")),
            ("refused", "Relations refused by a full queue.", total("refused")),
            ("failed", "Relations that failed.", total("failed")),
            ("seconds", "Time spent generating, in seconds.", total("seconds")),
            (
                "out_of_memory",
                "Batches too large for the GPU's memory, generated in halves.",
                self._runtime.out_of_memory,
            ),
        ):
            yield CounterMetricFamily(f"cometgraph_student_{name}", help_, value)


class CriticMetrics(Collector):
    """The metrics of the critic, read at each scrape."""

    def __init__(self, critic: CriticRuntime) -> None:
        self._critic = critic

    def collect(self) -> Iterable[Metric]:
        batcher, watched = self._critic.batcher, self._critic.batcher.watched
        up = float(self._critic.model.state == "up")
        yield GaugeMetricFamily("cometgraph_critic_up", "1 if the critic is up.", up)
        yield GaugeMetricFamily("cometgraph_critic_waiting", "Relations waiting or being scored.", batcher.depth)
        for name, help_, value in (
            ("batches", "Batches scored.", watched.batches),
            ("scored", "Relations of events with scored tails.", watched.items),
            ("refused", "Relations refused by a full queue.", watched.refused),
            ("failed", "Relations that failed.", watched.failed),
            ("seconds", "Time spent scoring, in seconds.", watched.seconds),
        ):
            yield CounterMetricFamily(f"cometgraph_critic_{name}", help_, value)


class RetrieverMetrics(Collector):
    """The metrics of the index of events and its embedder, read at each scrape."""

    def __init__(self, retriever: Retriever) -> None:
        self._retriever = retriever

    def collect(self) -> Iterable[Metric]:
        batcher, watched = self._retriever.batcher, self._retriever.batcher.watched
        up = float(self._retriever.state == "up")
        yield GaugeMetricFamily("cometgraph_index_up", "1 if the index of events is up.", up)
        yield GaugeMetricFamily("cometgraph_index_events", "Events with a vector.", self._retriever.events)
        yield GaugeMetricFamily("cometgraph_embedder_waiting", "Texts waiting or being embedded.", batcher.depth)
        for name, help_, value in (
            ("batches", "Batches embedded.", watched.batches),
            ("embedded", "Texts embedded.", watched.items),
            ("remembered", "Texts with their vector in memory.", self._retriever.hits),
            ("refused", "Texts refused by a full queue.", watched.refused),
            ("failed", "Texts that failed.", watched.failed),
            ("seconds", "Time spent embedding, in seconds.", watched.seconds),
        ):
            yield CounterMetricFamily(f"cometgraph_embedder_{name}", help_, value)


class JudgeMetrics(Collector):
    """The metrics of the judge of near-duplicates, read at each scrape."""

    def __init__(self, judge: JudgeRuntime) -> None:
        self._judge = judge

    def collect(self) -> Iterable[Metric]:
        batcher, watched = self._judge.batcher, self._judge.batcher.watched
        up = float(self._judge.model.state == "up")
        yield GaugeMetricFamily("cometgraph_judge_up", "1 if the judge is up.", up)
        yield GaugeMetricFamily("cometgraph_judge_waiting", "Events waiting or being judged.", batcher.depth)
        for name, help_, value in (
            ("batches", "Batches judged.", watched.batches),
            ("judged", "Events with judged candidates.", watched.items),
            ("refused", "Events refused by a full queue.", watched.refused),
            ("failed", "Events that failed.", watched.failed),
            ("seconds", "Time spent judging, in seconds.", watched.seconds),
        ):
            yield CounterMetricFamily(f"cometgraph_judge_{name}", help_, value)
